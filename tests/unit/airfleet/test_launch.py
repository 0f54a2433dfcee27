"""A role that starts again ends what its killed predecessor left, and nothing else."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
from support.checkout import wait_until

from airfleet.config.paths import ROOT

# A role with a child, which writes the child's pid and waits.
ROLE = "import subprocess, time; print(subprocess.Popen(['sleep', '300']).pid, flush=True); time.sleep(300)"


def launch(folder: Path, *command: str) -> subprocess.Popen[str]:
    """Start the launcher as the process manager does: in a process group of its own, in the working folder."""
    return subprocess.Popen(
        [sys.executable, "-P", "-m", "airfleet.stack.embedded.launch", "role", *command],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT / "src")},
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def test_the_children_of_a_killed_role_end_when_it_starts_again_and_others_live(tmp_path: Path) -> None:
    bystander = subprocess.Popen(["sleep", "300"], cwd=tmp_path, start_new_session=True)
    first = launch(tmp_path, sys.executable, "-c", ROLE)
    assert first.stdout is not None
    child = psutil.Process(int(first.stdout.readline()))
    first.send_signal(signal.SIGKILL)
    first.wait(timeout=10)
    assert child.is_running()

    second = launch(tmp_path, "echo", "started")
    said, _ = second.communicate(timeout=10)
    assert said.splitlines() == ["launch: ended 1 processes that the last role left behind", "started"]
    wait_until("the child is gone", lambda: not child.is_running() or child.status() == psutil.STATUS_ZOMBIE)
    assert bystander.poll() is None
    bystander.kill()
    bystander.wait()


def test_a_first_start_ends_nothing_and_becomes_the_command(tmp_path: Path) -> None:
    said, _ = launch(tmp_path, "sh", "-c", "echo $$").communicate(timeout=10)
    assert (tmp_path / "role.group").read_text() == said.strip()
