"""Health of each process of the embedded stack, by the cheapest reliable check."""

import socket

import httpx

from airfleet.celery_client import CeleryClient, WorkerState
from airfleet.config.settings import Settings
from airfleet.stack.embedded.instances import LOOPBACK, Instance, broker_url
from airfleet.stack.roles import ConsumesQueues, HttpPage, JobHeartbeat, ListensOn

_TIMEOUT_S = 2.0


class Health:
    """One check of the whole stack: a query that several processes share is sent once."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._workers: dict[str, WorkerState] | None = None
        self._components: dict[str, str] | None = None

    def is_healthy(self, instance: Instance) -> bool:
        """Return whether *instance* passes its check."""
        match instance.role.probe:
            case None:
                return True
            case ConsumesQueues():
                return self._consumes(instance.name)
            case JobHeartbeat() as job:
                return self._component_states().get(job.component) == "healthy"
            case ListensOn() as place:
                return _listens(place.address, getattr(self._settings, place.port_key))
            case HttpPage() as page:
                host = self._settings.bind_address if page.on_bind_address else LOOPBACK
                port = getattr(self._settings, page.port_key) + instance.number - 1
                return answers(f"http://{host}:{port}{page.path}")

    def _consumes(self, name: str) -> bool:
        worker = self.workers().get(name)
        return worker is not None and set(self._settings.worker_queues.split(",")) <= set(worker.queues)

    def workers(self) -> dict[str, WorkerState]:
        """Return the workers that answer over the broker, by name."""
        if self._workers is None:
            with CeleryClient(broker_url(self._settings)) as client:
                self._workers = {worker.name: worker for worker in client.workers()}
        return self._workers

    def _component_states(self) -> dict[str, str]:
        if self._components is None:
            base = f"http://{self._settings.bind_address}:{self._settings.webserver_port}"
            answer = _get(f"{base}/api/v2/monitor/health")
            found = answer.json() if answer is not None else {}
            self._components = {name: str((state or {}).get("status")) for name, state in found.items()}
        return self._components


def answers(url: str, login: tuple[str, str] | None = None) -> bool:
    """Return whether *url* answers with success; *login* is the user and password that it requires."""
    return _get(url, login) is not None


def takes_datagrams(port: int) -> bool:
    """Return whether something is bound to the UDP *port* of this machine."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect((LOOPBACK, port))
        try:
            # A closed port answers the first with an error that the second gets.
            probe.send(b"")
            probe.send(b"")
        except ConnectionRefusedError:
            return False
    return True


def _get(url: str, login: tuple[str, str] | None = None) -> httpx.Response | None:
    try:
        answer = httpx.get(url, auth=login, timeout=_TIMEOUT_S, trust_env=False)
    except httpx.HTTPError:
        return None
    return answer if answer.is_success else None


def _listens(host: str, port: int) -> bool:
    try:
        socket.create_connection((host, port), timeout=_TIMEOUT_S).close()
    except OSError:
        return False
    return True
