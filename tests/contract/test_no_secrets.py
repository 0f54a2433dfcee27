"""A secret that is committed is found by `make lint`, wherever it stands and even when it was taken out again."""

import subprocess
from pathlib import Path

import pytest
from support import secret_scan

# In two parts, so that this file holds none.
ADDRESS = "postgresql://owner:" + "Zq81nVx0pL@db/shop"
PLANTED = {
    "settings.py": f'database = "{ADDRESS}"\n',
    "key.txt": "-----BEGIN RSA " + "PRIVATE KEY-----\nMIIE\n",
    "some where/.env": "API_" + "TOKEN=ghp_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8\n",
}


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    git(tmp_path, "init", "--quiet")
    commit(tmp_path, "readme.txt", "Nothing to see.\n")
    return tmp_path


def git(root: Path, *arguments: str) -> None:
    who = ("-c", "user.name=tester", "-c", "user.email=tester@localhost", "-c", "commit.gpgsign=false")
    subprocess.run(["git", *who, *arguments], cwd=root, check=True, capture_output=True)


def commit(root: Path, name: str, text: str) -> None:
    (root / name).parent.mkdir(exist_ok=True)
    (root / name).write_text(text)
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--message", name)


def files(found: set[secret_scan.Finding]) -> set[str]:
    return {each.file for each in found}


def test_a_planted_secret_is_found(repository: Path) -> None:
    assert secret_scan.in_commits(repository) == set()
    for name, text in PLANTED.items():
        commit(repository, name, text)
    assert files(secret_scan.in_commits(repository)) == set(PLANTED)


def test_a_secret_that_was_taken_out_again_is_still_found(repository: Path) -> None:
    for name, text in PLANTED.items():
        commit(repository, name, text)
        commit(repository, name, "no more\n")
        git(repository, "rm", "--quiet", name)
    git(repository, "commit", "--quiet", "--message", "gone")
    assert files(secret_scan.in_commits(repository)) == set(PLANTED)


def test_one_that_is_only_merged_in_is_found(repository: Path) -> None:
    git(repository, "checkout", "--quiet", "-b", "side")
    commit(repository, "settings.py", PLANTED["settings.py"])
    git(repository, "checkout", "--quiet", "-")
    commit(repository, "other.txt", "other\n")
    git(repository, "merge", "--quiet", "side")
    assert files(secret_scan.in_commits(repository)) == {"settings.py"}


def test_what_is_explained_in_a_file_hides_nothing_else_in_it(tmp_path: Path) -> None:
    (tmp_path / "settings.py").write_text(PLANTED["settings.py"])
    (explained,) = secret_scan.in_files(tmp_path, ["settings.py"])
    table = tmp_path / "known.toml"
    table.write_text(f'["settings.py"]\nreason = "a test"\ndigests = ["{explained.digest}"]\n')
    known = secret_scan.Known(table)
    assert known.explains(explained)
    (tmp_path / "settings.py").write_text(PLANTED["settings.py"].replace("Zq81nVx0pL", "Yp70mUw9oK"))
    (other,) = secret_scan.in_files(tmp_path, ["settings.py"])
    assert not known.explains(other)


def test_every_exception_has_a_reason() -> None:
    assert all(secret_scan.Known(secret_scan.KNOWN).reasons)
