"""Few tasks start at once, and none waits for what nobody uses."""

import errno
import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from airfleet.runtime.patches.changes import turns
from airfleet.runtime.patches.changes.turns import Turns


class Task:
    """A process that has started and whose own code has not begun."""

    def __init__(self, folder: Path) -> None:
        of = Turns(folder, 1, idle=lambda: False)
        self._begins, self._told = os.pipe()
        ended, self._end = os.pipe()
        self.pid = of.taking(self._start)(type(self), of=of, ended=ended)

    def _start(self, cls: object, *, of: Turns, ended: int) -> int:
        if (pid := os.fork()) == 0:
            os.close(self._end)
            if os.read(self._begins, 1):
                # Runs on after that, until its test is over.
                of.giving_back(lambda: os.read(ended, 1))()
            os._exit(0)
        return pid

    def begins(self) -> None:
        """Let its own code begin."""
        os.write(self._told, b"!")

    def is_killed(self) -> None:
        """End it as the kernel does that has no memory left."""
        os.kill(self.pid, signal.SIGKILL)


@pytest.fixture
def task(tmp_path: Path) -> Iterator[Task]:
    one = Task(tmp_path)
    yield one
    one.is_killed()
    os.waitpid(one.pid, 0)


def _asked(times: int, then: Callable[[], None], answers: bool = False) -> tuple[Callable[[], bool], list[bool]]:
    """Return what is asked whether cores are idle, which does *then* when it is asked so many *times*."""
    looks: list[bool] = []

    def idle() -> bool:
        looks.append(answers)
        if len(looks) == times:
            then()
        return answers

    return idle, looks


@pytest.mark.parametrize("ending", ["begins", "is_killed"])
def test_a_task_waits_until_one_that_starts_begins_or_is_killed(ending: str, task: Task, tmp_path: Path) -> None:
    idle, looks = _asked(10, getattr(task, ending))
    turn = Turns(tmp_path, 1, idle).take()
    assert turn is not None
    assert len(looks) >= 10, "it did not wait"
    os.close(turn)


def test_as_many_start_at_once_as_there_are_turns(task: Task, tmp_path: Path) -> None:
    def never() -> bool:
        raise AssertionError("a turn was free")

    turn = Turns(tmp_path, 2, never).take()
    assert turn is not None
    os.close(turn)


def test_none_waits_while_cores_are_idle(task: Task, tmp_path: Path) -> None:
    idle, looks = _asked(100, task.begins, answers=True)
    assert Turns(tmp_path, 1, idle).take() is None
    assert 1 < len(looks) < 100


def test_none_waits_longer_than_the_longest_wait(task: Task, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "LONGEST_S", 0.1)
    assert Turns(tmp_path, 1, lambda: False).take() is None


def test_a_start_that_is_refused_gives_its_turn_back(tmp_path: Path) -> None:
    def refused(cls: object) -> None:
        raise RuntimeError("409")

    of = Turns(tmp_path, 1, lambda: False)
    with pytest.raises(RuntimeError, match="409"):
        of.taking(refused)(Task)
    turn = of.take()
    assert turn is not None
    os.close(turn)


def test_a_folder_that_is_deleted_is_made_anew(tmp_path: Path) -> None:
    folder = tmp_path / "logs" / "turns"
    turn = Turns(folder, 1).take()
    assert turn is not None
    os.close(turn)
    (folder / "0").unlink()
    folder.rmdir()
    folder.parent.rmdir()
    turn = Turns(folder, 1).take()
    assert turn is not None
    os.close(turn)


def test_a_task_starts_all_the_same_where_nothing_can_be_written(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "logs").write_text("no folder")
    assert Turns(tmp_path / "logs", 1).take() is None
    assert "without waiting for its turn" in caplog.text


def test_a_folder_without_locks_costs_no_open_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def unsupported(*_: object) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(turns.fcntl, "flock", unsupported)
    before = psutil.Process().num_fds()
    assert Turns(tmp_path, 1).take() is None
    assert psutil.Process().num_fds() == before


def test_a_process_that_runs_makes_its_core_busy() -> None:
    spinning = []
    for _ in range(2 * (os.cpu_count() or 1)):
        if (pid := os.fork()) == 0:
            while True:
                pass
        spinning.append(pid)
    try:
        assert not turns.cores_are_idle()
    finally:
        for pid in spinning:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
