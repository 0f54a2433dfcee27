"""Monitoring as processes: statsd_exporter and its filter, the exporter, Prometheus, Alertmanager and Grafana.

They have the names of their services in docker-compose.monitoring.yml. A program that is neither built nor on PATH is
left out; the roles send StatsD to its address anyway, so no role needs a restart when it is started later.
"""

import glob
import json
import shlex
import shutil
from dataclasses import dataclass
from pathlib import Path

from airfleet.config.paths import Paths
from airfleet.config.settings import Settings
from airfleet.observe.servers import alertmanager_init, build, commands, login, on_path, prometheus_config
from airfleet.stack.embedded.health import answers, takes_datagrams
from airfleet.stack.embedded.instances import LOOPBACK, addresses, broker_url, process_environment, restart_when
from airfleet.stack.roles import mail_variables, postgres_dsn, url

STATSD_FILTER, STATSD_EXPORTER, EXPORTER, PROMETHEUS, ALERTMANAGER, GRAFANA = NAMES = (
    "statsd-filter",
    "statsd-exporter",
    "airfleet-exporter",
    "prometheus",
    "alertmanager",
    "grafana",
)
# The home folder of Grafana packages.
_GRAFANA_HOME = Path("/usr/share/grafana")


@dataclass(frozen=True)
class MonitoringServer:
    """One process of monitoring: its name, command line and variables."""

    name: str
    command: str
    environment: dict[str, str]


def prepare(settings: Settings, paths: Paths) -> list[MonitoringServer]:
    """Write the configuration of the servers that can run here, and return them in starting order."""
    if not settings.monitoring:
        return []
    programs = on_path.programs(build.default_cache())
    found = []
    if program := programs.get(build.STATSD_EXPORTER.name):
        found += [_statsd_filter(settings, paths), _statsd_exporter(program, settings, paths)]
    if program := programs.get(build.PROMETHEUS.name):
        found += [_exporter(settings, paths), _prometheus(program, settings, paths)]
    if program := programs.get(build.ALERTMANAGER.name):
        found.append(_alertmanager(program, settings, paths))
    if grafana := shutil.which("grafana"):
        found.append(_grafana(Path(grafana), settings, paths))
    return found


def is_healthy(name: str, settings: Settings) -> bool:
    """Return whether the health page of the monitoring server *name* answers, or its UDP port takes datagrams."""
    if name == STATSD_FILTER:
        return takes_datagrams(settings.statsd_port)
    pages = {
        # Its own health page answers also when /metrics does not.
        STATSD_EXPORTER: f"http://{LOOPBACK}:{settings.statsd_exporter_port}/metrics",
        EXPORTER: f"http://{LOOPBACK}:{settings.exporter_port}/healthz",
        PROMETHEUS: f"http://{LOOPBACK}:{settings.prometheus_port}/-/ready",
        ALERTMANAGER: f"http://{LOOPBACK}:{settings.alertmanager_port}/-/ready",
        GRAFANA: f"http://{settings.bind_address}:{settings.grafana_port}/api/health",
    }
    return answers(pages[name], settings.monitoring_login if name in (PROMETHEUS, ALERTMANAGER) else None)


def _statsd_filter(settings: Settings, paths: Paths) -> MonitoringServer:
    command = commands.statsd_filter(udp_port=settings.statsd_port, target=paths.statsd_socket)
    return MonitoringServer(STATSD_FILTER, shlex.join(command), process_environment(paths))


def _statsd_exporter(program: Path, settings: Settings, paths: Paths) -> MonitoringServer:
    mapping = paths.root / "monitoring" / "statsd" / "mapping.yml"
    command = commands.statsd_exporter(
        program, mapping=mapping, source=paths.statsd_socket, web_port=settings.statsd_exporter_port
    )
    return MonitoringServer(STATSD_EXPORTER, shlex.join(command), restart_when(mapping.read_text()))


def _exporter(settings: Settings, paths: Paths) -> MonitoringServer:
    command = ["python", "-P", "-m", "airfleet.observe.exporter"]
    return MonitoringServer(
        EXPORTER, shlex.join(command), process_environment(paths) | exporter_variables(settings, paths)
    )


def exporter_variables(settings: Settings, paths: Paths) -> dict[str, str]:
    """Return the exporter's variables: its sources, their logins, and its own address."""
    at = addresses(settings)
    reader, monitoring = settings.monitoring_reader_password, settings.redis_monitoring_password
    return {
        "EXPORTER_DATABASE_URL": postgres_dsn("monitoring_reader", reader, at.postgres, "airflow"),
        "EXPORTER_REDIS_URL": url("redis", "monitoring", monitoring, at.redis, "0"),
        "EXPORTER_BROKER_URL": broker_url(settings),
        "EXPORTER_WEBSERVER_URL": f"http://{settings.bind_address}:{settings.webserver_port}",
        "EXPORTER_HOST": LOOPBACK,
        "EXPORTER_PORT": str(settings.exporter_port),
        "EXPORTER_DISKS": ":".join(_disks(paths)),
    }


def _prometheus(program: Path, settings: Settings, paths: Paths) -> MonitoringServer:
    exporter = f"{LOOPBACK}:{settings.exporter_port}"
    jobs = {
        "statsd-exporter": f"{LOOPBACK}:{settings.statsd_exporter_port}",
        **dict.fromkeys(("airflow", "redis", "postgres", "host"), exporter),
        "flower": f"{settings.bind_address}:{settings.flower_port}",
        "prometheus": f"{LOOPBACK}:{settings.prometheus_port}",
        "alertmanager": f"{LOOPBACK}:{settings.alertmanager_port}",
    }
    rules = paths.root / "monitoring" / "prometheus" / "rules"
    folder = paths.monitoring / PROMETHEUS
    folder.mkdir(parents=True, exist_ok=True)
    config = folder / "prometheus.yml"
    # Prometheus would put a variable of its environment in.
    runbook = (settings.runbook_url or prometheus_config.RUNBOOK).replace("$", "$$")
    text = prometheus_config.render(jobs, f"{glob.escape(str(rules))}/*.yml", folder / "login", runbook=runbook)
    config.write_text(text)
    command = commands.prometheus(
        program,
        config=config,
        web_config=login.guard_and_show(folder / "login", *settings.monitoring_login),
        data=folder / "data",
        web_port=settings.prometheus_port,
        retention=settings.prometheus_retention,
        retention_size=settings.prometheus_retention_size,
    )
    read = [config, *sorted(rules.glob("*.yml"))]
    return MonitoringServer(PROMETHEUS, shlex.join(command), restart_when(*(path.read_text() for path in read)))


def _alertmanager(program: Path, settings: Settings, paths: Paths) -> MonitoringServer:
    given = alertmanager_variables(settings)
    folder = paths.monitoring / ALERTMANAGER
    config = alertmanager_init.write(folder, given)
    command = commands.alertmanager(
        program,
        config=config,
        web_config=login.guard(folder, *settings.monitoring_login),
        data=folder / "data",
        web_port=settings.alertmanager_port,
    )
    return MonitoringServer(ALERTMANAGER, shlex.join(command), restart_when(config.read_text(), json.dumps(given)))


def alertmanager_variables(settings: Settings) -> dict[str, str]:
    """Return the variables that decide Alertmanager's receivers: the variables of Compose's alertmanager-init."""
    return {
        "PAGERDUTY_ROUTING_KEY": settings.pagerduty_routing_key.get_secret_value(),
        "SLACK_WEBHOOK_URL": settings.slack_webhook_url.get_secret_value(),
        "MAIL_TO": settings.mail_to,
        **mail_variables(settings, addresses(settings)),
        "GRAFANA_URL": f"http://localhost:{settings.grafana_port}",
    }


def _grafana(program: Path, settings: Settings, paths: Paths) -> MonitoringServer:
    homes = [home for home in (program.resolve().parents[1], _GRAFANA_HOME) if (home / "conf/defaults.ini").exists()]
    command = [str(program), "server", *(["--homepath", str(homes[0])] if homes else [])]
    return MonitoringServer(GRAFANA, shlex.join(command), grafana_variables(settings, paths))


def grafana_variables(settings: Settings, paths: Paths) -> dict[str, str]:
    """Return Grafana's whole configuration: the same provisioning as under Compose, at this stack's addresses."""
    data = paths.monitoring / GRAFANA
    dashboards = paths.root / "monitoring" / "grafana" / "dashboards"
    return {
        "GF_SERVER_HTTP_ADDR": settings.bind_address,
        "GF_SERVER_HTTP_PORT": str(settings.grafana_port),
        "GF_PATHS_DATA": str(data),
        "GF_PATHS_LOGS": str(data / "log"),
        "GF_PATHS_PLUGINS": str(data / "plugins"),
        "GF_PATHS_PROVISIONING": str(paths.root / "monitoring" / "grafana" / "provisioning"),
        "GF_SECURITY_ADMIN_USER": settings.admin_user,
        "GF_SECURITY_ADMIN_PASSWORD": settings.admin_password.get_secret_value(),
        "GF_AUTH_ANONYMOUS_ENABLED": "false",
        "GF_USERS_ALLOW_SIGN_UP": "false",
        # No telemetry, and no downloads.
        "GF_ANALYTICS_REPORTING_ENABLED": "false",
        "GF_ANALYTICS_CHECK_FOR_UPDATES": "false",
        "GF_ANALYTICS_CHECK_FOR_PLUGIN_UPDATES": "false",
        "GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH": str(dashboards / "airfleet-overview.json"),
        "PROMETHEUS_URL": f"http://{LOOPBACK}:{settings.prometheus_port}",
        "MONITORING_USER": settings.monitoring_user,
        "MONITORING_PASSWORD": settings.monitoring_password.get_secret_value(),
        "METADATA_HOST": f"{LOOPBACK}:{settings.postgres_port}",
        "MONITORING_READER_PASSWORD": settings.monitoring_reader_password.get_secret_value(),
        "DASHBOARDS_PATH": str(dashboards),
    }


def _disks(paths: Paths) -> list[str]:
    """Return a folder of each file system that can fill up: the system's, and the data's if it is a different one."""
    data = next(folder for folder in (paths.servers, *paths.servers.parents) if folder.exists())
    return ["/"] if data.stat().st_dev == Path("/").stat().st_dev or ":" in str(data) else ["/", str(data)]
