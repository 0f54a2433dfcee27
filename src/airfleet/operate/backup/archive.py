"""The backup's file: a tar, encrypted to one age recipient, written and read as a stream.

The machine that makes backups holds only the public half of a key pair, so a stolen machine cannot open its backups.
The format is age's own (age-encryption.org): the `age` tool opens it as well.
"""

import os
import tarfile
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pyrage

from airfleet.config import private_file
from airfleet.config.errors import AirfleetError

_RECIPIENT_PREFIX = "age1"


def new_key() -> str:
    """Return a new key file's text: the identity that opens backups, with its public half in a comment."""
    identity = pyrage.x25519.Identity.generate()
    made = datetime.now(UTC).isoformat(timespec="seconds")
    return f"# created: {made}\n# public key: {identity.to_public()}\n{identity}\n"


def public_key(key_file: str) -> str:
    """Return the recipient that belongs to the identity in the text of a key file."""
    return str(_identity(key_file).to_public())


def write(target: Path, folder: Path, recipient: str) -> None:
    """Write every file of *folder* to *target*, encrypted to *recipient*; *target* appears only when it is complete.

    Raises AirfleetError when *recipient* is no age public key.
    """
    try:
        to = pyrage.x25519.Recipient.from_str(recipient)
    except pyrage.RecipientError:
        raise AirfleetError(
            f"BACKUP_RECIPIENT in .env is not an age public key ({_RECIPIENT_PREFIX}...). ./airfleet backup-key makes a"
            " pair and says which half goes there."
        ) from None
    partial = target.with_name(target.name + ".partial")
    read_end, write_end = os.pipe()
    with (
        ThreadPoolExecutor(1) as pool,
        os.fdopen(read_end, "rb") as plain,
        private_file.create(partial) as encrypted,
    ):
        packed = pool.submit(_pack, folder, write_end)
        pyrage.encrypt_io(plain, encrypted, [to])
        packed.result()
        encrypted.flush()
        os.fsync(encrypted.fileno())
    partial.replace(target)


def read(source: Path, folder: Path, key_file: str) -> None:
    """Write the files in the backup *source* to *folder*, decrypted with the identity in the text of a key file.

    Raises AirfleetError when the key does not fit, or the file is damaged or truncated; *folder* must not be used then.
    """
    identity = _identity(key_file)
    read_end, write_end = os.pipe()
    with ThreadPoolExecutor(1) as pool:
        unpacked = pool.submit(_unpack, read_end, folder)
        with source.open("rb") as encrypted, os.fdopen(write_end, "wb") as plain:
            try:
                pyrage.decrypt_io(encrypted, plain, [identity])
            except (pyrage.DecryptError, OSError) as error:
                raise AirfleetError(
                    f"{source} cannot be opened: {error}. It is not a backup, is damaged or cut off, or was made for"
                    " another key. Nothing was changed."
                ) from None
        unpacked.result()


def _identity(key_file: str) -> pyrage.x25519.Identity:
    lines = [line.strip() for line in key_file.splitlines()]
    secret = next((line for line in lines if line and not line.startswith("#")), "")
    try:
        return pyrage.x25519.Identity.from_str(secret)
    except pyrage.IdentityError:
        raise AirfleetError(
            "The key file holds no age identity (AGE-SECRET-KEY-1...). It is what ./airfleet backup-key printed."
        ) from None


def _pack(folder: Path, write_end: int) -> None:
    with os.fdopen(write_end, "wb") as plain, tarfile.open(fileobj=plain, mode="w|") as tar:
        for path in sorted(folder.iterdir()):
            tar.add(path, arcname=path.name)


def _unpack(read_end: int, folder: Path) -> None:
    with os.fdopen(read_end, "rb") as plain:
        try:
            with tarfile.open(fileobj=plain, mode="r|") as tar:
                tar.extractall(folder, filter="data")
        except tarfile.ReadError:
            # If the archive cannot be read, decryption has the better error; the rest of the pipe is drained.
            while plain.read(1 << 20):
                pass
