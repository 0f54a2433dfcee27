"""Trouble between the roles: silence and loss by nftables, latency by a proxy. All of it needs root.

Packets are sent through the proxy by a rule, too, so the roles' own settings stay as they are.
"""

import contextlib
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence

from support.checkout import wait_until
from support.faults import slow_proxy

from airfleet.stack.preflight import free_ports

TABLE = "airfleet_faults"


@contextlib.contextmanager
def silence(port: int) -> Iterator[None]:
    """Let no packet to or from *port* of this machine through: nothing is refused, nothing is answered."""
    with _rules(f"tcp dport {port} drop", f"tcp sport {port} drop"):
        yield


@contextlib.contextmanager
def slow_and_lossy(latency_s: float, percent: int, *ports: int) -> Iterator[None]:
    """Hand on what is sent to and from *ports* after half of *latency_s* each way, and lose *percent* of the packets.

    Only new connections go through the proxy.
    """
    detours = dict(zip(ports, free_ports(len(ports)), strict=True))
    drop = f"numgen random mod 100 < {percent} drop"
    proxies = [
        subprocess.Popen(
            [sys.executable, slow_proxy.__file__, str(detour), str(port), str(latency_s / 2)],
            stdout=subprocess.DEVNULL,
        )
        for port, detour in detours.items()
    ]
    try:
        for detour in detours.values():
            wait_until("the proxy listens", lambda port=detour: _listens(port), timeout_s=20)  # type: ignore[misc]
        to_proxy = [
            f"tcp dport {port} meta mark != {slow_proxy.MARK} redirect to :{detour}" for port, detour in detours.items()
        ]
        lost = [f"tcp {side} {port} {drop}" for port in ports for side in ("dport", "sport")]
        with _rules(*lost, nat=to_proxy):
            yield
    finally:
        for proxy in proxies:
            proxy.kill()
            proxy.wait()


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@contextlib.contextmanager
def _rules(*rules: str, nat: Sequence[str] = ()) -> Iterator[None]:
    nft = _nft()
    text = f"""
    table inet {TABLE} {{
      chain detour {{
        type nat hook output priority -100; policy accept;
        {"; ".join(nat)}
      }}
      chain output {{
        type filter hook output priority 0; policy accept;
        {"; ".join(rules)}
      }}
    }}
    """
    _run(nft, "-f", "-", stdin=text)
    try:
        yield
    finally:
        _run(nft, "delete", "table", "inet", TABLE)


def _nft() -> str:
    """Return the path of nft; on Debian it is installed when it is missing."""
    assert os.geteuid() == 0, f"Only root may hold up packets, and this is user {os.geteuid()}. Run this test as root."
    path = f"{os.environ['PATH']}:/usr/sbin"
    if not shutil.which("nft", path=path) and shutil.which("apt-get", path=path):
        _run("apt-get", "update", "-qq")
        _run("apt-get", "install", "-y", "-qq", "--no-install-recommends", "nftables")
    found = shutil.which("nft", path=path)
    assert found, "Found no nft, which holds up the packets. Install nftables, and run this test as root again."
    return found


def _run(*command: str, stdin: str | None = None) -> None:
    done = subprocess.run(command, input=stdin, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, f"{command} exited {done.returncode}: {done.stderr}"
