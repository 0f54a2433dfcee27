"""supervisord reads back exactly the variables and commands that were written for it."""

import xmlrpc.client
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from supervisor.options import ServerOptions

from airfleet.config.errors import AirfleetError
from airfleet.config.paths import Paths
from airfleet.stack.embedded.process_manager import ProcessManager, Program

# What can stand in a path, a password of a mail server or a JSON document.
TEXT = st.text(st.characters(codec="ascii", min_codepoint=32, max_codepoint=126, exclude_characters="'\""))
VALUES = TEXT.map(lambda text: f"a{text}z").filter(lambda text: " ;" not in text and " #" not in text)


def read_back(paths: Paths) -> dict[str, dict[str, str]]:
    options = ServerOptions()
    options.realize(["-c", str(paths.state / "supervisord.conf"), "-n"])
    return {
        process.name: {"command": process.command, "directory": process.directory} | process.environment
        for group in options.process_group_configs
        for process in group.process_configs
    }


@pytest.fixture(scope="module")
def paths(tmp_path_factory: pytest.TempPathFactory) -> Paths:
    return Paths(tmp_path_factory.mktemp("with space") / "air fleet")


@given(first=VALUES, second=VALUES)
def test_any_value_comes_back_as_it_was(paths: Paths, first: str, second: str) -> None:
    program = Program("role", "echo 100% 'two words'", {"FIRST": first, "JSON": f'{{"key": "{second}"}}'})
    ProcessManager(paths).configure([program])
    found = read_back(paths)["role"]
    assert found["FIRST"] == first
    assert found["JSON"] == f'{{"key": "{second}"}}'
    assert found["command"] == program.command
    assert found["directory"] == str(paths.working_folder)


@pytest.mark.parametrize("value", ["two\nlines", "both \" and ' marks", "rest ;of line", "rest #of line"])
def test_a_value_that_cannot_be_quoted_is_refused(paths: Paths, value: str) -> None:
    with pytest.raises(AirfleetError):
        ProcessManager(paths).configure([Program("role", "true", {"KEY": value})])


def test_a_checkout_in_a_folder_that_cannot_be_written_down_is_refused(tmp_path: Path) -> None:
    for name in ("100%", "the #1"):
        with pytest.raises(AirfleetError, match="has a % or a space before"):
            ProcessManager(Paths(tmp_path / name)).configure([])
    assert list(tmp_path.iterdir()) == []


class Supervisord:
    """Stands for supervisord's loop: a stop that meets an ended process is refused, and the process started anew."""

    def __init__(self, states: list[str]) -> None:
        self.states = states

    def stopProcess(self, name: str, wait: bool) -> None:
        assert (name, wait) == ("role", True)
        state = self.states.pop(0)
        if state not in ("RUNNING", "STARTING", "BACKOFF"):
            raise xmlrpc.client.Fault(70, "NOT_RUNNING")

    def getProcessInfo(self, name: str) -> dict[str, str]:
        assert name == "role"
        return {"statename": self.states[0]}


@pytest.mark.parametrize(
    "states", [["RUNNING"], ["EXITED", "STARTING"], ["EXITED", "EXITED", "BACKOFF"], ["STOPPED", "STOPPED"]]
)
def test_what_is_stopped_stays_so_even_where_it_has_just_ended_by_itself(
    paths: Paths, monkeypatch: pytest.MonkeyPatch, states: list[str]
) -> None:
    ended_for_good = states[0] == "STOPPED"
    monkeypatch.setattr(ProcessManager, "_rpc", Supervisord(states))
    ProcessManager(paths).stop("role", wait=True)
    assert states == (["STOPPED"] if ended_for_good else [])


def test_the_configuration_is_readable_by_its_owner_alone(paths: Paths) -> None:
    ProcessManager(paths).configure([Program("role", "true", {})])
    assert (paths.state / "supervisord.conf").stat().st_mode & 0o077 == 0


def test_the_sockets_path_is_short_whatever_the_checkouts_is(tmp_path: Path) -> None:
    deep = Paths(tmp_path / ("x" * 100) / ("y" * 100))
    assert len(str(deep.control_socket).encode()) < 108
