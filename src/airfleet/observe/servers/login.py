"""The login of Prometheus and Alertmanager: the files that require it, and the ones with which Prometheus uses it.

``python -m airfleet.observe.servers.login FOLDER`` writes both for Prometheus under Compose, as it scrapes itself and
Alertmanager. MONITORING_USER and MONITORING_PASSWORD are those of .env.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import bcrypt
import yaml

from airfleet.config import private_file

# This and the files of `shown_from` are read again at each request, so a new login needs no restart.
WEB_CONFIG = "web.yml"
# Powers of two. Each server caches accepted logins, so this cost is paid once per login and not per scrape.
_ROUNDS = 10


def guard(folder: Path, user: str, password: str) -> Path:
    """Write the file that makes a server accept only *user*, with a hash of the password; return its path.

    An existing hash that fits is kept. Raises ValueError when *password* has more than bcrypt's 72 bytes.
    """
    path = folder / WEB_CONFIG
    if not _fits(path, user, password):
        hashed = bcrypt.hashpw(password.encode(), bcrypt.gensalt(_ROUNDS)).decode()
        folder.mkdir(parents=True, exist_ok=True)
        private_file.write(path, yaml.safe_dump({"basic_auth_users": {user: hashed}}))
    return path


def guard_and_show(folder: Path, user: str, password: str) -> Path:
    """Do the same, and write the two files from which Prometheus takes the login for its scrapes."""
    path = guard(folder, user, password)
    for file, text in zip(shown_from(folder).values(), (user, password), strict=True):
        private_file.write(Path(file), text)
    return path


def shown_from(folder: Path) -> dict[str, str]:
    """Return Prometheus' `basic_auth` for the login in *folder*."""
    return {"username_file": str(folder / "user"), "password_file": str(folder / "password")}


def _fits(path: Path, user: str, password: str) -> bool:
    if not path.is_file():
        return False
    users: dict[str, str] = yaml.safe_load(path.read_text())["basic_auth_users"]
    return list(users) == [user] and bcrypt.checkpw(password.encode(), users[user].encode())


def main() -> int:
    """Write into the folder that the command line names."""
    if len(sys.argv) != 2:  # noqa: PLR2004 - the program and the folder
        print("Name the folder: python -m airfleet.observe.servers.login FOLDER", file=sys.stderr)
        return 2
    path = guard_and_show(Path(sys.argv[1]), os.environ["MONITORING_USER"], os.environ["MONITORING_PASSWORD"])
    print(f"wrote {path}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
