"""The stack under fault when Compose runs it."""

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from support.checkout import wait_until
from support.deployment import Deployment
from support.engine import docker
from support.faults.target import Address, Target

from airfleet.config import settings
from airfleet.stack.docker import compose
from airfleet.stack.roles import WORKER


@dataclass
class Containers(Target):
    """One running stack of containers, and the ways to hurt it."""

    checkout: Deployment

    @classmethod
    def of(cls, deployment: Deployment) -> "Containers":
        """Return the stack of *deployment*, with the workload's Dags and tables in place."""
        containers = cls(deployment, settings.load(deployment.root / ".env"))
        containers.prepare()
        return containers

    def postgres(self) -> Address:
        return self._address("postgres"), 5432

    def redis(self) -> Address:
        return self._address("redis"), 6379

    def ids(self, service: str) -> list[str]:
        """Return the ids of the running containers of *service*."""
        return [str(found["ID"]) for found in self.checkout.containers(service)]

    def kill(self, container: str) -> float:
        """Kill -9 the main process of *container* from outside, as the kernel does for want of memory.

        Not `docker kill`: the engine takes that for its user's wish, and leaves the container dead. Returns when it
        was killed (Unix time), once the engine has started it again as its restart policy says.
        """
        found = self.inspect(container)
        assert found["State"]["Running"], f"{container} does not run, so that killing it would prove nothing"
        os.kill(found["State"]["Pid"], signal.SIGKILL)
        killed = time.time()

        def back() -> bool:
            now = self.inspect(container)
            return bool(now["State"]["Running"]) and now["RestartCount"] == found["RestartCount"] + 1

        wait_until(f"the engine has started {container} again", back, timeout_s=30)
        return killed

    def scale(self, workers: int) -> None:
        """Bring the workers to this number as the README says, and return when all are healthy."""
        self.checkout.compose("up", "-d", "--scale", f"{WORKER.name}={workers}", "--no-recreate")
        self.checkout.wait_until_healthy()

    def inspect(self, container: str) -> dict[str, Any]:
        """Return the engine's description of *container*."""
        (found,) = compose.inspect([container])
        return found

    @contextmanager
    def exit_codes(self, containers: list[str]) -> Iterator[dict[str, int]]:
        """Fill the yielded dict, at the end of the block, with the exit codes of those that ended in it.

        Compose removes what it has stopped, and with it the code: so somebody waits beside it.
        """
        waits = {
            container: subprocess.Popen(["docker", "wait", container], stdout=subprocess.PIPE, text=True)
            for container in containers
        }
        codes: dict[str, int] = {}
        try:
            yield codes
            left = {*docker("ps", "--quiet").split()}
            for container in containers:
                if container not in left:
                    codes[container] = int(waits[container].communicate(timeout=30)[0])
        finally:
            for wait in waits.values():
                wait.kill()
                wait.wait()

    def _address(self, service: str) -> str:
        """Return an address of *service* in one of its own networks: roles of the stack log in from there alone."""
        (container,) = self.ids(service)
        networks = self.inspect(container)["NetworkSettings"]["Networks"]
        return str(next(network["IPAddress"] for network in networks.values()))
