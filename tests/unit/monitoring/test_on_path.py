"""A monitoring program on PATH is used where it is new enough, and otherwise it is said why not."""

from __future__ import annotations

from pathlib import Path

import pytest

from airfleet.observe.servers import build, on_path

OURS = build.PROMETHEUS.version
# As the releases and Debian print it.
ANSWER = "prometheus, version {} (branch: HEAD, revision: 1a2b3c)\n  build user: root@x\n  go version: go99.9.9"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only folder with monitoring programs on PATH; empty."""
    path = tmp_path / "bin"
    path.mkdir()
    monkeypatch.setenv("PATH", f"{path}:/usr/bin:/bin")
    return path


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    """A cache with every program built."""
    path = tmp_path / "cache"
    path.mkdir()
    for program in build.RUNTIME:
        (path / program.file_name).touch()
    return path


def put(folder: Path, body: str, name: str = "prometheus") -> Path:
    """Put a script on PATH that answers with *body*."""
    path = folder / name
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)
    return path


def says(version: str, to: str = "1") -> str:
    """Return a script that gives its version as *version*."""
    return f'[ "$1" = --version ] || exit 9\necho "{ANSWER.format(version)}" >&{to}'


def newer(places: tuple[int, int, int]) -> str:
    """Return our version with *places* added."""
    return ".".join(str(int(ours) + more) for ours, more in zip(OURS.split("."), places, strict=True))


@pytest.mark.parametrize("output", ["1", "2"])
@pytest.mark.parametrize(
    "version", [OURS, newer((0, 1, 0)), newer((1, -16, 0)), f"v{OURS}", f"{OURS}+ds1", f"{OURS}-rc.0"]
)
def test_one_of_our_minor_version_or_newer_is_used(folder: Path, cache: Path, version: str, output: str) -> None:
    mine = put(folder, says(version, output))
    assert on_path.programs(cache)["prometheus"] == mine


def test_an_older_patch_of_our_minor_version_is_used(folder: Path) -> None:
    put(folder, says("1.9.0"))
    found = on_path.find(build.Program(name="prometheus", module="x", version="1.9.3"))
    assert found
    assert found.is_new_enough


@pytest.mark.parametrize(
    "body",
    [
        says("2.53.3+ds1"),
        says("3.9.9"),
        says(""),
        "echo nothing of the kind",
        f"{says(OURS)}; exit 1",
        "printf '\\377\\376'",
    ],
)
def test_one_that_is_older_or_gives_no_version_is_not_used(folder: Path, cache: Path, body: str) -> None:
    put(folder, body)
    assert on_path.programs(cache)["prometheus"] == cache / build.PROMETHEUS.file_name


def test_a_file_that_cannot_be_run_is_not_used(folder: Path, cache: Path) -> None:
    put(folder, "").write_bytes(b"\x7fELF of another machine")
    assert on_path.programs(cache)["prometheus"] == cache / build.PROMETHEUS.file_name


def test_one_that_does_not_answer_in_time_is_not_used(
    folder: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(on_path, "_ANSWER_S", 0.2)
    # Its child outlives it, and would hold a pipe open.
    put(folder, f"sleep 3\n{says(OURS)}")
    assert on_path.programs(cache)["prometheus"] == cache / build.PROMETHEUS.file_name


def test_a_program_that_is_replaced_is_asked_again(folder: Path, cache: Path) -> None:
    put(folder, says("2.0.0"))
    assert on_path.programs(cache)["prometheus"] == cache / build.PROMETHEUS.file_name
    mine = put(folder, says(OURS))
    assert on_path.programs(cache)["prometheus"] == mine


def provide(cache: Path) -> list[str]:
    """Return what is said of PATH while the programs are provided."""
    said: list[str] = []
    on_path.provide(cache, progress=lambda name, line: said.append(f"building {name}: {line}"), note=said.append)
    return said


def test_what_is_used_is_not_built_and_is_named_with_its_version(folder: Path, tmp_path: Path) -> None:
    put(folder, "exit 1", "go")
    for program in build.RUNTIME:
        put(folder, says(program.version), program.name)
    assert provide(tmp_path / "cache") == [
        f"{program.name}: {folder / program.name} {program.version} is on PATH and is used" for program in build.RUNTIME
    ]
    assert not (tmp_path / "cache").exists()


def test_one_that_is_too_old_is_named_and_ours_is_built(folder: Path, cache: Path) -> None:
    put(folder, '[ "$1 $2" = "env GOVERSION" ] && echo go1.26.0 || echo ours > "$GOBIN/prometheus"', "go")
    old = put(folder, says("2.53.3"))
    (cache / build.PROMETHEUS.file_name).unlink()
    note, *building = provide(cache)
    assert note == (
        f"prometheus: {old} 2.53.3 is on PATH and is not used, because 3.16 or newer is needed; {OURS} is built instead"
    )
    assert building[0].startswith(f"building prometheus: building {OURS}")
    assert on_path.programs(cache)["prometheus"].read_text() == "ours\n"


def test_nothing_is_said_of_a_path_without_them(folder: Path, cache: Path) -> None:
    assert provide(cache) == []
