"""Takes StatsD datagrams and passes on to statsd_exporter only lines that it survives.

A label `__name__` makes statsd_exporter's `/metrics` answer 500, `le` or `quantile` on a histogram ends it, and a
sampling rate of 1e-9 makes a billion events of one line. Lines of the form that Airflow's client sends pass, without
such labels; every other line is counted and dropped. statsd_exporter listens on a Unix socket that its user alone can
reach, so no sender can go around the filter.

Usage: python -m airfleet.observe.statsd_filter HOST:PORT SOCKET
"""

from __future__ import annotations

import re
import select
import signal
import socket
import sys
from collections.abc import Iterable
from pathlib import Path

from airfleet.metrics.statsd import OWN_STATSD_REFUSED
from airfleet.metrics.statsd_mapping import PREFIX

# Bytes of the socket's buffer. The kernel's default kept 256 of 20,000 datagrams of a burst; it grants no more than
# net.core.rmem_max.
READ_BUFFER = 8_388_608
_DATAGRAM = 65_535
# Datagrams that are read at once, so that a burst leaves the kernel's buffer before any of it is looked at.
_BATCH = 5_000
# Bytes of a datagram to statsd_exporter: many lines cost it little more than one.
_PACKED = 8_192
# Seconds until the counter is sent again, and that a statsd_exporter that does not read can delay the filter.
_IDLE_S = 1.0
_STUCK_S = 1.0

# statsd_exporter writes _ for every character of a label's name that Prometheus does not allow, so two such characters
# at the start make a reserved name.
_LINE = re.compile(
    rb"[^,:|#\[\]\n]+(?:,(?!(?:le|quantile)=|[^A-Za-z0-9=]{2})[^,=:|\n]+=[^,:|\n]+)*"
    rb":[+-]?\d{1,20}(?:\.\d{1,20})?(?:[eE][+-]?\d{1,2})?"
    rb"\|(?:c|g|ms|h|d)(?:\|@(?:1|1\.0|0\.\d{0,2}[1-9]))?"
)


def passes(line: bytes) -> bool:
    """Return whether statsd_exporter may read *line*."""
    return _LINE.fullmatch(line) is not None


class Filter:
    """Reads datagrams from one socket and writes packed ones to statsd_exporter's."""

    def __init__(self, receiver: socket.socket, target: str) -> None:
        """Read from *receiver*, write to the Unix datagram socket at *target*."""
        receiver.setblocking(False)
        self._receiver = receiver
        self._target = target
        self._sender = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._sender.settimeout(_STUCK_S)
        self._refused = 0

    def run(self) -> None:
        """Pass on what arrives, until the process ends."""
        while True:
            self.pass_on(self._arrived())

    def pass_on(self, datagrams: Iterable[bytes]) -> None:
        """Pass on the lines that may pass, after the number of those that were refused."""
        lines = [line for datagram in datagrams for line in datagram.split(b"\n") if line]
        passing = [line for line in lines if passes(line)]
        self._refused += len(lines) - len(passing)
        # Also at 0: Prometheus sees no increase in a counter that starts at 1.
        if not self._send(f"{PREFIX}{OWN_STATSD_REFUSED}:{self._refused}|c".encode()):
            return
        self._refused = 0
        packed: list[bytes] = []
        size = 0
        for line in passing:
            if packed and size + len(line) > _PACKED:
                self._send(b"\n".join(packed))
                packed, size = [], 0
            packed.append(line)
            size += len(line) + 1
        if packed:
            self._send(b"\n".join(packed))

    def _arrived(self) -> list[bytes]:
        select.select([self._receiver], [], [], _IDLE_S)
        datagrams: list[bytes] = []
        try:
            while len(datagrams) < _BATCH:
                datagrams.append(self._receiver.recv(_DATAGRAM))
        except BlockingIOError:
            pass
        return datagrams

    def _send(self, datagram: bytes) -> bool:
        """Return whether statsd_exporter took it; what it does not take is lost, as it was without a filter."""
        try:
            self._sender.sendto(datagram, self._target)
        except ConnectionRefusedError:
            # Nobody listens: a killed statsd_exporter left its socket behind, and the next one refuses to start.
            Path(self._target).unlink(missing_ok=True)
        except (FileNotFoundError, TimeoutError):
            pass
        else:
            return True
        return False


def listening(host: str, port: int) -> socket.socket:
    """Return a UDP socket on *host* and *port* with room for a burst."""
    receiver = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    receiver.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, READ_BUFFER)
    receiver.bind((host, port))
    return receiver


def main() -> None:
    """Run with the address and the socket of the command line."""
    address, target = sys.argv[1:]
    host, port = address.rsplit(":", 1)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    Filter(listening(host, int(port)), target).run()


if __name__ == "__main__":
    main()
