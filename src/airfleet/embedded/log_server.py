"""Airflow's log server on the loopback addresses of all workers.

Airflow starts one beside each worker and the triggerer, always on every network interface. Here one process
serves them all, on 127.0.0.0/8 only; requests are signed as usual.
"""

import contextlib
import os
import socket

import uvicorn

from airfleet.embedded.instances import MAX_WORKERS, TRIGGERER_ADDRESS, worker_address


def _listen(address: str, port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((address, port))
    return listener


def main() -> None:
    """Serve AIRFLOW_HOME's task logs until stopped."""
    worker_port = int(os.environ["AIRFLOW__LOGGING__WORKER_LOG_SERVER_PORT"])
    triggerer_port = int(os.environ["AIRFLOW__LOGGING__TRIGGER_LOG_SERVER_PORT"])
    config = uvicorn.Config(
        "airflow.utils.serve_logs.log_server:get_app", log_config=None, access_log=False, lifespan="off"
    )
    with contextlib.ExitStack() as open_sockets:
        sockets = [_listen(worker_address(n), worker_port) for n in range(1, MAX_WORKERS + 1)]
        sockets.append(_listen(TRIGGERER_ADDRESS, triggerer_port))
        for listener in sockets:
            open_sockets.enter_context(listener)
        uvicorn.Server(config).run(sockets=sockets)


if __name__ == "__main__":
    main()
