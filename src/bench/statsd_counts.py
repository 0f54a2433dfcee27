"""A StatsD server in the bench's own process, which counts the packets of an instance's roles."""

import socket
import threading
from collections import Counter, defaultdict
from types import TracebackType

# The same buffer as in monitoring, so that a burst of packets waits instead of being dropped.
_BUFFER_BYTES = 8 << 20
_PACKET_BYTES = 65535


class StatsdServer:
    """Counts counters by name and tags, and keeps every value of timers; a context manager."""

    def __init__(self, port: int) -> None:
        self.counters: Counter[str] = Counter()
        self.timers_ms: dict[str, list[float]] = defaultdict(list)
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER_BYTES)
        self._socket.bind(("127.0.0.1", port))
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> "StatsdServer":
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        # An empty packet is the end.
        self._socket.sendto(b"", self._socket.getsockname())
        self._thread.join()
        self._socket.close()

    def _serve(self) -> None:
        while packet := self._socket.recv(_PACKET_BYTES):
            for line in packet.decode(errors="replace").splitlines():
                self._take(line)

    def _take(self, line: str) -> None:
        name, _, rest = line.rpartition(":")
        value, _, kind = rest.partition("|")
        if kind == "c":
            self.counters[name] += int(float(value))
        elif kind == "ms":
            self.timers_ms[name.partition(",")[0]].append(float(value))
