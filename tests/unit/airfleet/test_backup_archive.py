"""A backup's file opens with its own key, whole, or not at all."""

from pathlib import Path

import pytest

from airfleet.config.errors import AirfleetError
from airfleet.operate.backup import archive


@pytest.fixture
def plain(tmp_path: Path) -> Path:
    folder = tmp_path / "plain"
    folder.mkdir()
    (folder / "env").write_text("FERNET_KEY=do-not-read-me\n")
    # More than a pipe holds, so that reading and writing go on side by side.
    (folder / "airflow.dump").write_bytes(bytes(range(256)) * 10_000)
    return folder


def test_what_was_packed_comes_out_and_nothing_of_it_is_readable_in_between(plain: Path, tmp_path: Path) -> None:
    key = archive.new_key()
    archive.write(tmp_path / "backup.age", plain, archive.public_key(key))
    assert b"do-not-read-me" not in (tmp_path / "backup.age").read_bytes()
    assert (tmp_path / "backup.age").stat().st_mode & 0o777 == 0o600
    out = tmp_path / "out"
    out.mkdir()
    archive.read(tmp_path / "backup.age", out, key)
    assert {p.name: p.read_bytes() for p in out.iterdir()} == {p.name: p.read_bytes() for p in plain.iterdir()}


@pytest.mark.parametrize("spoil", ["other key", "cut off", "a bit turned", "no backup at all"])
def test_what_does_not_open_says_so(plain: Path, tmp_path: Path, spoil: str) -> None:
    key = archive.new_key()
    path = tmp_path / "backup.age"
    archive.write(path, plain, archive.public_key(key))
    content = bytearray(path.read_bytes())
    if spoil == "cut off":
        path.write_bytes(content[: len(content) // 2])
    if spoil == "a bit turned":
        content[len(content) // 2] ^= 1
        path.write_bytes(content)
    if spoil == "no backup at all":
        path.write_bytes(b"PK\x03\x04" * 100)
    out = tmp_path / "out"
    out.mkdir()
    with pytest.raises(AirfleetError, match="cannot be opened"):
        archive.read(path, out, archive.new_key() if spoil == "other key" else key)


def test_a_recipient_or_key_that_is_none_is_refused(plain: Path, tmp_path: Path) -> None:
    with pytest.raises(AirfleetError, match="BACKUP_RECIPIENT"):
        archive.write(tmp_path / "backup.age", plain, "age1nonsense")
    assert not (tmp_path / "backup.age").exists()
    with pytest.raises(AirfleetError, match="holds no age identity"):
        archive.public_key("# nothing\n")
