"""./airfleet on machines that lack something."""

import os
import shutil
import stat
import subprocess
from pathlib import Path

import pytest

from airfleet.config.paths import ROOT


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    for name in ("airfleet", "requirements/embedded.lock", "requirements/uv.lock"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy2(ROOT / name, tmp_path / name)
    return tmp_path


def launch(checkout: Path, *fakes: tuple[str, str]) -> subprocess.CompletedProcess[str]:
    """Run ./airfleet with only *fakes* and the basic tools on PATH."""
    tools = checkout / "bin"
    tools.mkdir()
    for tool in ("sh", "dirname", "cat", "cksum", "rm", "grep"):
        (tools / tool).symlink_to(shutil.which(tool) or f"/bin/{tool}")
    for name, script in fakes:
        (tools / name).write_text(f"#!/bin/sh\n{script}\n")
        (tools / name).chmod(0o755)
    env = {"PATH": str(tools), "HOME": os.environ.get("HOME", "/")}
    return subprocess.run([checkout / "airfleet", "status"], env=env, capture_output=True, text=True, check=False)


def test_a_python_that_is_too_old_is_named_with_the_version_that_is_needed(checkout: Path) -> None:
    said = launch(checkout, ("python3", '[ "$1" = --version ] && echo "Python 3.9.2"; exit 1'))
    assert said.returncode == 1
    assert "Found Python 3.9.2" in said.stderr
    assert "3.11 or newer" in said.stderr


def test_no_python_at_all_is_said(checkout: Path) -> None:
    said = launch(checkout)
    assert said.returncode == 1
    assert "Found no Python" in said.stderr


def test_a_python_without_venv_names_the_package_to_install_and_leaves_nothing(checkout: Path) -> None:
    said = launch(checkout, ("python3", '[ "$2" = venv ] && exit 1; exit 0'))
    assert said.returncode == 1
    assert "python3-venv" in said.stderr
    assert not (checkout / ".venv").exists()


def test_the_launcher_is_executable_and_plain_shell() -> None:
    assert (ROOT / "airfleet").stat().st_mode & stat.S_IXUSR
    assert subprocess.run(["sh", "-n", str(ROOT / "airfleet")], check=False).returncode == 0
