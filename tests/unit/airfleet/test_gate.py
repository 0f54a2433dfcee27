"""A role that started while init is at work goes on when init has ended, and when it was killed."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from airfleet.config.paths import Paths
from airfleet.stack.embedded import gate

INIT = [sys.executable, "-I", "-c", "import sys; sys.stdin.read()"]
WAITS = "import sys; from pathlib import Path; from airfleet.stack.embedded import gate; print('waits', flush=True);"
WAITS += "gate.go_through(Path(sys.argv[1])); print('through')"


@pytest.fixture
def init(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Give a process that has the gate closed until its input ends."""
    with gate.close(tmp_path) as closed:
        running = subprocess.Popen(INIT, stdin=subprocess.PIPE, pass_fds=[closed.fileno()])
    with running:
        yield running
        running.kill()


@pytest.mark.parametrize("end", ["ends", "is killed"])
def test_who_waits_goes_on_when_init(tmp_path: Path, init: subprocess.Popen[bytes], end: str) -> None:
    code = {"PYTHONPATH": str(Paths().root / "src")}
    waiting = subprocess.Popen([sys.executable, "-c", WAITS, tmp_path], stdout=subprocess.PIPE, text=True, env=code)
    assert waiting.stdout is not None
    assert waiting.stdout.readline() == "waits\n"
    with pytest.raises(subprocess.TimeoutExpired):
        waiting.wait(1)
    init.communicate() if end == "ends" else init.kill()
    assert waiting.communicate(timeout=30)[0] == "through\n"


def test_without_an_init_there_is_nothing_to_wait_for(tmp_path: Path) -> None:
    gate.go_through(tmp_path)
