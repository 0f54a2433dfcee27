"""What Postgres and Redis are told lies where neither they nor another user can change it or redirect its writing."""

import os
import pwd
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from airfleet.config import env_file, private_file
from airfleet.config.errors import AirfleetError
from airfleet.config.paths import Paths
from airfleet.config.settings import Settings, load
from airfleet.operate.backup import archive
from airfleet.stack.embedded import servers

TOLD = {"pg_hba.conf", "pg_ident.conf", "postgresql.conf", "redis.conf", "users.acl"}


@pytest.fixture
def paths(tmp_path: Path) -> Iterator[Paths]:
    """A checkout whose servers have their files already."""
    made = Paths(tmp_path)
    env_file.fill(made.env_file, Paths().env_example)
    servers.prepare(load(made.env_file), made)
    yield made
    servers.delete(made)


@pytest.fixture
def settings(paths: Paths) -> Settings:
    return load(paths.env_file)


def test_the_servers_read_their_settings_from_a_folder_that_is_not_theirs(paths: Paths, settings: Settings) -> None:
    folder = paths.server_configuration
    assert {path.name for path in folder.iterdir()} == TOLD
    for path in (folder, *folder.iterdir()):
        found = path.lstat()
        assert found.st_uid == os.geteuid(), path
        assert not found.st_mode & 0o022, path
    # No other user reads the passwords.
    assert not (folder / "users.acl").stat().st_mode & 0o007
    assert not (folder / "redis.conf").stat().st_mode & 0o007
    postgres, redis = servers.prepare(settings, paths)
    assert f"config_file={folder}/postgresql.conf" in postgres.command
    assert f"hba_file={folder}/pg_hba.conf" in postgres.command
    assert f"ident_file={folder}/pg_ident.conf" in postgres.command
    assert redis.command.endswith(f"{folder}/redis.conf")
    assert f'aclfile "{folder}/users.acl"' in (folder / "redis.conf").read_text()


def test_links_in_the_servers_own_folders_lead_no_writing_astray(
    paths: Paths, settings: Settings, tmp_path: Path
) -> None:
    victim = tmp_path / "victim"
    victim.write_text("untouched")
    victim.chmod(0o600)
    before = victim.stat()
    names = (*TOLD, *(f"{name}.partial" for name in TOLD))
    for folder in (paths.servers / "postgres", paths.servers / "redis"):
        for name in names:
            (folder / name).unlink(missing_ok=True)
            (folder / name).symlink_to(victim)
    servers.prepare(settings, paths)
    after = victim.stat()
    assert victim.read_text() == "untouched"
    assert (before.st_uid, before.st_mode, before.st_nlink) == (after.st_uid, after.st_mode, after.st_nlink)


def test_a_secret_file_is_written_through_no_link_and_into_no_file_that_was_there(tmp_path: Path) -> None:
    victim, target = tmp_path / "victim", tmp_path / "target"
    victim.write_text("untouched")
    partial = tmp_path / "target.partial"
    for plant in (partial.symlink_to, partial.hardlink_to):
        plant(victim)
        private_file.write(target, "secret")
        assert victim.read_text() == "untouched"
        assert target.read_text() == "secret"
        assert stat.S_IMODE(target.stat().st_mode) == 0o600


def test_a_backup_is_written_through_no_link(tmp_path: Path) -> None:
    victim, folder = tmp_path / "victim", tmp_path / "folder"
    victim.write_text("untouched")
    folder.mkdir()
    (tmp_path / "b.age.partial").symlink_to(victim)
    key = archive.new_key()
    archive.write(tmp_path / "b.age", folder, archive.public_key(key))
    assert victim.read_text() == "untouched"


@pytest.mark.parametrize(
    ("named", "runs_as"),
    [("", "nobody"), ("daemon", "daemon"), ("no-such-user", "There is no user no-such-user"), ("root", "is root")],
)
def test_root_drops_to_run_user_which_must_exist(
    paths: Paths, settings: Settings, monkeypatch: pytest.MonkeyPatch, named: str, runs_as: str
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    given = settings.model_copy(update={"run_user": named})
    if " " in runs_as:
        with pytest.raises(AirfleetError, match=runs_as):
            servers.dropped_user(given)
    else:
        assert servers.dropped_user(given) == runs_as


def test_without_root_nobody_else_is_run_as(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert servers.dropped_user(settings.model_copy(update={"run_user": "daemon"})) is None


def test_data_of_another_user_is_refused_and_not_handed_over(paths: Paths) -> None:
    owner = paths.servers / "redis"
    other = next(entry.pw_name for entry in pwd.getpwall() if entry.pw_uid not in (0, owner.stat().st_uid))
    with pytest.raises(AirfleetError, match="Put the earlier RUN_USER back"):
        servers._refuse_anothers(owner, other)


def test_a_folder_that_is_a_link_is_refused(paths: Paths, settings: Settings, tmp_path: Path) -> None:
    shutil.rmtree(paths.server_configuration)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    paths.server_configuration.symlink_to(elsewhere)
    with pytest.raises(AirfleetError, match="is not a folder of the user that runs this"):
        servers.prepare(settings, paths)
    assert list(elsewhere.iterdir()) == []
