"""The command lines of the monitoring programs, the same for the embedded stack and for tests."""

from __future__ import annotations

from pathlib import Path

LOOPBACK = "127.0.0.1"

# Bytes of the socket's buffer. The kernel's default kept 256 of 20 000 datagrams of a burst; it grants no more
# than net.core.rmem_max.
READ_BUFFER = 8_388_608
PACKET_QUEUE = 100_000


def statsd_exporter(binary: Path, *, mapping: Path, udp_port: int, web_port: int, host: str = LOOPBACK) -> list[str]:
    """Return the command line of statsd_exporter: StatsD on *udp_port*, /metrics on *web_port*."""
    return [
        str(binary),
        f"--statsd.mapping-config={mapping}",
        f"--statsd.listen-udp={host}:{udp_port}",
        "--statsd.listen-tcp=",
        f"--statsd.read-buffer={READ_BUFFER}",
        f"--statsd.udp-packet-queue-size={PACKET_QUEUE}",
        f"--web.listen-address={host}:{web_port}",
        "--log.level=warn",
    ]


def prometheus(
    binary: Path,
    *,
    config: Path,
    web_config: Path,
    data: Path,
    web_port: int,
    retention: str,
    retention_size: str,
    host: str = LOOPBACK,
) -> list[str]:
    """Return the command line of Prometheus, with the login in *web_config*.

    It deletes series older than *retention* or beyond *retention_size*.
    """
    return [
        str(binary),
        f"--config.file={config}",
        f"--storage.tsdb.path={data}",
        f"--storage.tsdb.retention.time={retention}",
        f"--storage.tsdb.retention.size={retention_size}",
        # A counter that starts at 1 must count as 1: without a sample of 0 before it, increase() does not see it.
        "--enable-feature=created-timestamp-zero-ingestion",
        f"--web.config.file={web_config}",
        f"--web.listen-address={host}:{web_port}",
        "--log.level=warn",
    ]


def alertmanager(
    binary: Path, *, config: Path, web_config: Path, data: Path, web_port: int, host: str = LOOPBACK
) -> list[str]:
    """Return the command line of a single Alertmanager (no cluster port), with the login in *web_config*."""
    return [
        str(binary),
        f"--config.file={config}",
        f"--storage.path={data}",
        f"--web.config.file={web_config}",
        f"--web.listen-address={host}:{web_port}",
        "--cluster.listen-address=",
        "--log.level=warn",
    ]
