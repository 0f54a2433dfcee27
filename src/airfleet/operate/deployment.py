"""The settings and the stack of this checkout, for every command."""

from airfleet.config import env_file, settings
from airfleet.config.errors import AirfleetError
from airfleet.config.paths import Paths
from airfleet.operate.rotate import kept
from airfleet.stack.engines import choose
from airfleet.stack.protocol import Stack


def stack(*, make_env: bool = False, engine: str | None = None) -> Stack:
    """Return the stack of this checkout; with *make_env*, create .env where there is none.

    Raises AirfleetError when it should be started while a rotation of its secrets is unfinished.
    """
    paths = Paths()
    if make_env:
        kept.refuse_unfinished(paths)
        if not paths.env_file.exists():
            env_file.fill(paths.env_file, paths.env_example)
    return choose(settings.load(paths.env_file), paths, engine)


def running_stack() -> Stack:
    """Return the stack, or raise AirfleetError when it does not run."""
    found = stack()
    kept.refuse_unfinished(found.paths)
    if not found.is_running():
        raise AirfleetError("The stack is not running. Start it with ./airfleet up.")
    return found


def logins(found: Stack) -> list[tuple[str, str, str, str]]:
    """Return name, address, user and password of each page; those of monitoring only while it runs."""
    given, monitoring = found.settings, found.running_monitoring()
    host = "localhost" if given.bind_address == "127.0.0.1" else given.bind_address
    pages = [
        ("Airflow", f"http://{host}:{given.webserver_port}", given.admin_user, given.admin_password),
        ("Flower", f"http://{host}:{given.flower_port}", given.flower_user, given.flower_password),
        (
            "Warehouse",
            f"postgresql://{host if found.publishes_warehouse else 'localhost'}:{given.postgres_port}/warehouse",
            "warehouse_reader",
            given.warehouse_reader_password,
        ),
    ]
    if "grafana" in monitoring:
        pages.append(("Grafana", f"http://{host}:{given.grafana_port}", given.admin_user, given.admin_password))
    # On this machine only, whatever BIND_ADDRESS says.
    for name, port in (("Prometheus", given.prometheus_port), ("Alertmanager", given.alertmanager_port)):
        if name.lower() in monitoring:
            pages.append((name, f"http://localhost:{port}", given.monitoring_user, given.monitoring_password))
    return [(name, address, user, password.get_secret_value()) for name, address, user, password in pages]
