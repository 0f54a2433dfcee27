"""Trouble between the roles: silence and loss by nftables, latency by toxiproxy. All of it needs root."""

import contextlib
import os
import shutil
import subprocess
from collections.abc import Iterator

TABLE = "airfleet_faults"


@contextlib.contextmanager
def silence(port: int) -> Iterator[None]:
    """Let no packet to or from *port* of this machine through: nothing is refused, nothing is answered."""
    with _rules(f"tcp dport {port} drop", f"tcp sport {port} drop"):
        yield


@contextlib.contextmanager
def loss(percent: int, *ports: int) -> Iterator[None]:
    """Lose *percent* of the packets to and from each of *ports*."""
    drop = f"numgen random mod 100 < {percent} drop"
    with _rules(*(f"tcp {side} {port} {drop}" for port in ports for side in ("dport", "sport"))):
        yield


@contextlib.contextmanager
def _rules(*rules: str) -> Iterator[None]:
    nft = _nft()
    text = "\n".join(f"    {rule}" for rule in rules)
    hook = "type filter hook output priority 0; policy accept;"
    _run(nft, "-f", "-", stdin=f"table inet {TABLE} {{\n  chain output {{\n    {hook}\n{text}\n  }}\n}}\n")
    try:
        yield
    finally:
        _run(nft, "delete", "table", "inet", TABLE)


def _nft() -> str:
    """Return the path of nft; as root on Debian it is installed when it is missing."""
    found = shutil.which("nft", path=f"{os.environ['PATH']}:/usr/sbin")
    if found:
        return found
    assert os.geteuid() == 0, "Found no nft, and only root may use it. Install nftables, and run this test as root."
    _run("apt-get", "update", "-qq")
    _run("apt-get", "install", "-y", "-qq", "--no-install-recommends", "nftables")
    return _nft()


def _run(*command: str, stdin: str | None = None) -> None:
    done = subprocess.run(command, input=stdin, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, f"{command} exited {done.returncode}: {done.stderr}"
