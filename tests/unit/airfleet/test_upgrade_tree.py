"""What an upgrade would find on the disk: the other version, with what was changed here laid over it."""

import subprocess
from pathlib import Path

import pytest

from airfleet.config.errors import AirfleetError
from airfleet.config.paths import Paths
from airfleet.operate.upgrade.tree import lay_out


def git(root: Path, *arguments: str) -> None:
    who = ["-c", "user.name=A Person", "-c", "user.email=person@example.org"]
    subprocess.run(["git", *who, *arguments], cwd=root, check=True, capture_output=True)


def write(root: Path, **files: str) -> None:
    for name, text in files.items():
        path = root / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A checkout that is one commit behind the branch `newer`, with changes of its own that are not committed."""
    made = tmp_path / "checkout"
    made.mkdir()
    git(made, "init", "--initial-branch=main")
    write(made, both="1", theirs="1", ours="1", dags__shop="1", kept="1")
    git(made, "add", ".")
    git(made, "commit", "-m", "one")
    git(made, "checkout", "-b", "newer")
    write(made, both="2", theirs="2", new="2")
    git(made, "add", ".")
    git(made, "commit", "-m", "two")
    git(made, "checkout", "main")
    write(made, ours="mine", dags__team="mine")
    (made / "dags" / "shop").unlink()
    return made


def contents(folder: Path) -> dict[str, str]:
    return {
        str(p.relative_to(folder)): p.read_text() for p in folder.rglob("*") if p.is_file() and ".git" not in p.parts
    }


def test_the_other_version_is_laid_out_with_the_changes_of_this_checkout(root: Path, tmp_path: Path) -> None:
    target = tmp_path / "laid out"
    target.mkdir()
    before = contents(root)
    found = lay_out(Paths(root), "newer", target)
    assert contents(target) == {
        "both": "2",
        "theirs": "2",
        "new": "2",
        "ours": "mine",
        "kept": "1",
        "dags/team": "mine",
    }
    assert found.name.startswith("newer (")
    assert found.conflicts == ()
    assert contents(root) == before


def test_a_file_that_both_changed_is_named(root: Path, tmp_path: Path) -> None:
    write(root, both="mine")
    assert lay_out(Paths(root), "newer", tmp_path / "laid out").conflicts == ("both",)


def test_without_a_name_the_upstream_branch_is_taken_and_where_there_is_none_the_working_tree(
    root: Path, tmp_path: Path
) -> None:
    alone, followed = tmp_path / "alone", tmp_path / "followed"
    alone.mkdir()
    assert lay_out(Paths(root), None, alone).name == "the working tree"
    assert (alone / "theirs").read_text() == "1"
    assert (alone / "ours").read_text() == "mine"
    assert not (alone / ".git").exists()
    git(root, "branch", "--set-upstream-to=newer", "main")
    assert lay_out(Paths(root), None, followed).name.startswith("the upstream branch (")
    assert (followed / "theirs").read_text() == "2"


def test_a_version_that_git_does_not_know_is_refused(root: Path, tmp_path: Path) -> None:
    with pytest.raises(AirfleetError, match=r"git knows no version 'v9'.*git fetch --tags"):
        lay_out(Paths(root), "v9", tmp_path / "laid out")
