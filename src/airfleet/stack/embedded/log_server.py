"""The tasks' logs on the loopback addresses of all workers.

Airflow starts a log server beside each worker and the triggerer. Each listens on every network interface and holds all
of Airflow in memory. Here one small process serves them all, on 127.0.0.0/8 only. A request is signed for one file, as
Airflow's webserver signs it and Airflow's own log server checks it (airflow.utils.serve_logs.log_server).
"""

import contextlib
import os
import socket
from http import HTTPStatus
from pathlib import Path

import jwt
import uvicorn
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles
from starlette.types import Receive, Scope, Send

from airfleet.stack.embedded.instances import TRIGGERER_ADDRESS, worker_address
from airfleet.stack.roles import WORKER

_AUDIENCE = "task-instance-logs"
_ALGORITHM = "HS512"
_REQUIRED = ("exp", "iat", "nbf")
# Allowed difference of the two clocks in seconds; Airflow's own value.
_LEEWAY_S = 30
_PREFIX = "/log"


class SignedFiles(StaticFiles):
    """An ASGI application that serves each file under a folder to requests signed with *secret* for that file."""

    def __init__(self, folder: Path, secret: str) -> None:
        super().__init__(directory=folder)
        self._secret = secret

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if not self._is_signed(Request(scope)):
            raise HTTPException(HTTPStatus.FORBIDDEN, "Not signed for this log.")
        await super().__call__(scope, receive, send)

    def _is_signed(self, request: Request) -> bool:
        name = request.url.path.removeprefix(f"{_PREFIX}/")
        try:
            claims = jwt.decode(
                request.headers.get("Authorization", ""),
                self._secret,
                algorithms=[_ALGORITHM],
                audience=_AUDIENCE,
                leeway=_LEEWAY_S,
                options={"require": list(_REQUIRED)},
            )
        except jwt.InvalidTokenError as error:
            print(f"log-server: refused {name!r}: {error}", flush=True)
            return False
        return bool(claims.get("filename") == name)


def app(folder: Path, secret: str) -> Starlette:
    """Return the server of the logs in *folder*."""
    return Starlette(routes=[Mount(_PREFIX, SignedFiles(folder, secret))])


def _listen(address: str, port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((address, port))
    return listener


def main() -> None:
    """Serve AIRFLOW_HOME's task logs until stopped."""
    worker_port = int(os.environ["AIRFLOW__LOGGING__WORKER_LOG_SERVER_PORT"])
    triggerer_port = int(os.environ["AIRFLOW__LOGGING__TRIGGER_LOG_SERVER_PORT"])
    logs = Path(os.environ["AIRFLOW_HOME"]) / "logs"
    logs.mkdir(exist_ok=True)
    server = app(logs, os.environ["AIRFLOW__API__SECRET_KEY"])
    config = uvicorn.Config(server, access_log=False, lifespan="off", log_level="warning")
    with contextlib.ExitStack() as open_sockets:
        sockets = [_listen(worker_address(n), worker_port) for n in range(1, WORKER.most + 1)]
        sockets.append(_listen(TRIGGERER_ADDRESS, triggerer_port))
        for listener in sockets:
            open_sockets.enter_context(listener)
        uvicorn.Server(config).run(sockets=sockets)


if __name__ == "__main__":
    main()
