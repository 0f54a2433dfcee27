"""What a digest is made of, what is kept of a long suite, and what is said of it later."""

import json
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from support.secret_scan import in_files

from airfleet.config.errors import AirfleetError
from bench.evidence import KEY, Keeper, Sources, Suite, read, state
from bench.suites import SUITES, why

SUITE = Suite("speed", "make speed", "docs/speed.json", ("src", ":(exclude)src/page.py"), ("one", "two"))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A repository with two sources, of which one only shows results, and a page."""
    for name in ("src/deep/worker.py", "src/page.py", "src/notes.md", "docs/index.md", "CHANGELOG.md"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(f"{name}\nas it was\n")
    for command in (["init", "--quiet"], ["add", "."]):
        subprocess.run(["git", *command], cwd=tmp_path, check=True)
    return tmp_path


def digest(root: Path) -> str:
    return Sources(root, SUITE.about).digest


def test_a_digest_changes_with_a_source(root: Path) -> None:
    before = digest(root)
    (root / "src/deep/worker.py").write_text("# a comment\n")
    assert digest(root) != before


def test_a_digest_changes_with_the_name_of_a_source_and_with_one_that_goes(root: Path) -> None:
    before = digest(root)
    subprocess.run(["git", "mv", "src/deep/worker.py", "src/deep/role.py"], cwd=root, check=True)
    moved = digest(root)
    (root / "src/deep/role.py").unlink()
    assert len({before, moved, digest(root)}) == 3


@pytest.mark.parametrize("name", ["docs/index.md", "CHANGELOG.md", "src/notes.md", "src/page.py"])
def test_a_digest_does_not_change_with_what_the_suite_is_not_about(root: Path, name: str) -> None:
    before = digest(root)
    (root / name).write_text("other\n")
    assert digest(root) == before


def test_a_digest_does_not_depend_on_untracked_files_line_endings_times_and_commits(root: Path) -> None:
    before = digest(root)
    (root / "src/scratch.py").write_text("untracked\n")
    (root / "src/deep/worker.py").write_bytes(b"src/deep/worker.py\r\nas it was\r\n")
    who = ["-c", "user.name=someone", "-c", "user.email=someone@example.org"]
    subprocess.run(["git", *who, "commit", "--quiet", "--message", "first"], cwd=root, check=True)
    assert digest(root) == before


def test_without_git_it_says_what_is_needed(tmp_path: Path) -> None:
    with pytest.raises(AirfleetError, match="needs git and a clone"):
        Sources(tmp_path, SUITE.about)


def test_a_suite_that_never_ran_is_absent(root: Path) -> None:
    found = state(SUITE, root)
    assert (found.state, found.done, found.parts) == ("absent", 0, 2)


def test_a_suite_is_in_parts_until_every_part_has_passed_and_fresh_then(root: Path) -> None:
    keeper = Keeper(SUITE, root)
    keeper.keep("one", passed=True, seconds=2)
    assert keeper.missing(SUITE.parts) == ["two"]
    some = state(SUITE, root)
    assert (some.state, some.done, some.parts) == ("in parts", 1, 2)
    keeper.keep("two", passed=True, seconds=2)
    whole = state(SUITE, root)
    assert (whole.state, whole.done, whole.parts) == ("fresh", 2, 2)
    assert "cores" in whole.machine and len(whole.last) == len("2026-11-28 13:00")
    assert keeper.missing(SUITE.parts) == []


def test_a_stale_suite_names_the_files_that_changed(root: Path) -> None:
    keeper = Keeper(SUITE, root)
    for part in SUITE.parts:
        keeper.keep(part, passed=True, seconds=1)
    (root / "src/deep/worker.py").write_text("faster\n")
    (root / "src/new.py").write_text("new\n")
    subprocess.run(["git", "add", "."], cwd=root, check=True)
    found = state(SUITE, root)
    assert (found.state, found.done, found.parts) == ("stale", 2, 2)
    assert found.changed == ["src/deep/worker.py", "src/new.py"]
    assert why(found) == "changed: src/deep/worker.py, src/new.py"
    assert Keeper(SUITE, root).missing(SUITE.parts) == ["one", "two"]


def test_a_suite_whose_parts_were_run_anew_in_part_says_since_when_the_others_are_old(root: Path) -> None:
    keeper = Keeper(SUITE, root)
    for part in SUITE.parts:
        keeper.keep(part, passed=True, seconds=1)
    (root / "src/deep/worker.py").write_text("faster\n")
    Keeper(SUITE, root).keep("two", passed=True, seconds=1)
    found = state(SUITE, root)
    assert (found.state, found.done, found.parts, found.changed) == ("in parts", 1, 2, ["src/deep/worker.py"])


def test_a_part_that_failed_is_named_and_missing(root: Path) -> None:
    keeper = Keeper(SUITE, root)
    keeper.keep("one", passed=True, seconds=1)
    keeper.keep("two", passed=False, seconds=1)
    found = state(SUITE, root)
    assert (found.state, why(found)) == ("failed", "failed: two")
    assert keeper.missing(SUITE.parts) == ["two"]


def test_results_without_a_digest_are_stale(root: Path) -> None:
    keeper = Keeper(SUITE, root)
    for part in SUITE.parts:
        keeper.keep(part, passed=True, seconds=1, whole=False)
    found = state(SUITE, root)
    assert (found.state, found.done, why(found)) == ("stale", 2, "no digest was kept")


def test_what_was_run_while_a_source_changed_is_no_evidence(root: Path) -> None:
    keeper = Keeper(SUITE, root)
    (root / "src/deep/worker.py").write_text("edited meanwhile\n")
    assert keeper.keep("one", passed=True, seconds=1) == ["src/deep/worker.py"]
    assert state(SUITE, root).state == "stale"
    assert Keeper(SUITE, root).missing(["one"]) == ["one"]


def test_keeping_a_part_leaves_results_and_other_suites_parts_as_they_are(root: Path) -> None:
    other = replace(SUITE, name="size", about=("src/page.py",), parts=("three",))
    Keeper(other, root).keep("three", passed=True, seconds=1, results={"size": 7})
    Keeper(SUITE, root).keep("one", passed=True, seconds=1, results={"speed": 3})
    data = read(root / SUITE.file)
    assert (data["size"], data["speed"], sorted(data[KEY]["parts"])) == (7, 3, ["one", "three"])
    (root / "src/deep/worker.py").write_text("faster\n")
    assert (state(other, root).state, state(SUITE, root).state) == ("fresh", "stale")


def test_digests_that_no_part_has_are_not_kept(root: Path) -> None:
    for text in ("first\n", "second\n", "third\n"):
        (root / "src/deep/worker.py").write_text(text)
        Keeper(SUITE, root).keep("one", passed=True, seconds=1)
    assert list(read(root / SUITE.file)[KEY]["sources"]) == [digest(root)]


def test_an_interrupted_write_leaves_what_was_there(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Keeper(SUITE, root).keep("one", passed=True, seconds=1)
    before = (root / SUITE.file).read_text()

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        Keeper(SUITE, root).keep("two", passed=True, seconds=1)
    assert (root / SUITE.file).read_text() == before
    assert json.loads(before)[KEY]["parts"]["one"]["result"] == "passed"


def test_no_digest_looks_like_a_secret(tmp_path: Path) -> None:
    checkout = Path(__file__).parents[3]
    for suite in SUITES:
        Keeper(suite, checkout, tmp_path / "result.json").keep("one", passed=True, seconds=1)
        assert in_files(tmp_path, ["result.json"]) == set()


@pytest.mark.parametrize("suite", SUITES, ids=lambda suite: suite.name)
def test_each_suite_is_about_files_that_are_there(suite: Suite) -> None:
    root = Path(__file__).parents[3]
    for spec in suite.about:
        name = spec.removeprefix(":(exclude)")
        assert list(root.glob(name)), f"{suite.name} is about {name}, which is not there."


def test_every_nightly_test_belongs_to_a_suite() -> None:
    root = Path(__file__).parents[3]
    folders = [root / folder for suite in SUITES for folder in suite.tests]
    marked = [path for path in (root / "tests").rglob("test_*.py") if "pytest.mark.nightly" in path.read_text()]
    # The unit tests of this only name the marker.
    others = [path for path in marked if not path.is_relative_to(root / "tests/unit")]
    lost = [path for path in others if not any(map(path.is_relative_to, folders))]
    assert others and not lost, f"make nightly does not run {lost}. Add their folder to a suite in bench/suites.py."
