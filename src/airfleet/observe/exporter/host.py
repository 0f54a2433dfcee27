"""The source for the machine: CPU, memory and disk."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import psutil

from airfleet.metrics import database as m
from airfleet.observe.exporter.collector import Samples


class Host:
    """CPU, load, memory, and the file systems under the monitored folders."""

    name = "host"

    def __init__(self, disks: Iterable[Path]) -> None:
        """Monitor the file systems of *disks*."""
        self._disks = tuple(disks)

    def look(self, samples: Samples) -> None:
        """Add every metric of the machine."""
        for mode, seconds in psutil.cpu_times()._asdict().items():
            if mode not in {"guest", "guest_nice"}:  # the kernel counts these within user and nice
                samples.add(m.HOST_CPU, seconds, mode)
        samples.add(m.HOST_CORES, float(psutil.cpu_count() or 0))
        samples.add(m.HOST_LOAD, psutil.getloadavg()[0])
        memory = psutil.virtual_memory()
        samples.add(m.HOST_MEMORY, memory.total, "total")
        samples.add(m.HOST_MEMORY, memory.available, "available")
        samples.add(m.HOST_UDP_DROPPED, _udp_dropped())
        for disk in self._disks:
            usage = psutil.disk_usage(str(disk))
            samples.add(m.HOST_DISK, usage.total, str(disk), "total")
            samples.add(m.HOST_DISK, usage.free, str(disk), "free")


def _udp_dropped(snmp: Path = Path("/proc/net/snmp")) -> float:
    """Return the kernel's count of datagrams that found their socket's buffer full; 0 where it keeps none."""
    if not snmp.exists():
        return 0
    rows = [line.split() for line in snmp.read_text().splitlines() if line.startswith("Udp:")]
    return float(dict(zip(*rows, strict=True))["RcvbufErrors"])
