"""The command lines of the monitoring programs, the same for the embedded stack and for tests."""

from __future__ import annotations

from pathlib import Path

LOOPBACK = "127.0.0.1"


def statsd_filter(*, udp_port: int, target: Path, host: str = LOOPBACK) -> list[str]:
    """Return the command line of the filter before statsd_exporter: StatsD on *udp_port*, passed on to *target*."""
    return ["python", "-P", "-m", "airfleet.observe.statsd_filter", f"{host}:{udp_port}", str(target)]


def statsd_exporter(binary: Path, *, mapping: Path, source: Path, web_port: int, host: str = LOOPBACK) -> list[str]:
    """Return the command line of statsd_exporter: StatsD on the Unix socket *source*, /metrics on *web_port*."""
    return [
        str(binary),
        f"--statsd.mapping-config={mapping}",
        # Only the filter, which is the same user, can send.
        f"--statsd.listen-unixgram={source}",
        "--statsd.unixsocket-mode=700",
        "--statsd.listen-udp=",
        "--statsd.listen-tcp=",
        # The filter knows InfluxDB's style of tags, which Airflow is told to send, and no other.
        "--no-statsd.parse-dogstatsd-tags",
        "--no-statsd.parse-librato-tags",
        "--no-statsd.parse-signalfx-tags",
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
