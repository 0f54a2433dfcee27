"""What the bench counts of the metrics that an instance sends."""

import socket
import time

from airfleet.stack.preflight import free_ports
from bench.statsd_counts import StatsdServer


def test_counters_add_up_and_timers_keep_every_value() -> None:
    (port,) = free_ports(1)
    with StatsdServer(port) as server, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        for packet in (
            b"a.finish,dag_id=x:1|c",
            b"a.finish,dag_id=x:2|c\nloop,host=y:3.5|ms",
            b"depth:7|g",
            b"nonsense",
        ):
            sender.sendto(packet, ("127.0.0.1", port))
        sender.sendto(b"loop:4.5|ms", ("127.0.0.1", port))
        deadline = time.monotonic() + 10
        while len(server.timers_ms["loop"]) < 2:
            assert time.monotonic() < deadline, f"only {server.counters} and {server.timers_ms} came in"
    assert server.counters == {"a.finish,dag_id=x": 3}
    assert server.timers_ms["loop"] == [3.5, 4.5]
