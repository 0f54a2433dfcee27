"""Redis' container learns its users' passwords without one standing in a process list."""

import os
import subprocess
from pathlib import Path

from support.checkout import ROOT

SCRIPT = ROOT / "deploy/redis/start.sh"
USERS = ROOT / "deploy/redis/users.acl"
PASSWORDS = {"REDIS_PASSWORD": "a.b_c~d=e-1", "REDIS_MONITORING_PASSWORD": "f.g_h~i=j-2"}
# Notes its command line and environment, and does what the program of its name does, where there is one.
WATCHED = """#!/bin/sh
{{ printf '%s\\n' "$0" "$@"; }} >>"{noted}"
{then}
"""


def test_the_servers_users_have_the_passwords_and_no_command_line_has(tmp_path: Path) -> None:
    noted, acl = tmp_path / "command-lines", tmp_path / "users.acl"
    programs = {"redis-server": f'env >"{tmp_path}/environment"', "sed": 'exec /bin/sed "$@"'}
    for name, then in programs.items():
        (tmp_path / name).write_text(WATCHED.format(noted=noted, then=then))
        (tmp_path / name).chmod(0o755)
    text = SCRIPT.read_text()
    for path, here in (("/usr/local/share/airfleet/users.acl", USERS), ("/tmp/users.acl", acl)):  # noqa: S108 - what the script says
        assert path in text
        text = text.replace(path, f'"{here}"')
    script = tmp_path / "redis.sh"
    script.write_text(text)
    environment = {"PATH": f"{tmp_path}:{os.environ['PATH']}", **PASSWORDS}
    subprocess.run(["sh", str(script)], env=environment, check=True, cwd=tmp_path)
    lines = [line for line in acl.read_text().splitlines() if line.startswith("user ")]
    for user, key in (("airflow", "REDIS_PASSWORD"), ("monitoring", "REDIS_MONITORING_PASSWORD")):
        (line,) = (line for line in lines if line.split()[1] == user)
        assert f">{PASSWORDS[key]}" in line.split(), line
    assert acl.stat().st_mode & 0o077 == 0
    ran = noted.read_text()
    assert str(tmp_path / "sed") in ran
    assert str(tmp_path / "redis-server") in ran
    for password in PASSWORDS.values():
        assert password not in ran
        assert password not in (tmp_path / "environment").read_text()
