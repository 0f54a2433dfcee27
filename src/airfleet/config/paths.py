"""Paths of one checkout."""

import hashlib
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]


@dataclass(frozen=True)
class Paths:
    """The files and folders of the checkout at *root*."""

    root: Path = ROOT

    @property
    def env_file(self) -> Path:
        """The settings and secrets of this deployment."""
        return self.root / ".env"

    @property
    def env_example(self) -> Path:
        """The committed list of every setting."""
        return self.root / ".env.example"

    @property
    def state(self) -> Path:
        """State of the embedded stack without its databases: its configuration and its roles' logs."""
        return self.root / ".airfleet"

    @property
    def role_logs(self) -> Path:
        """One log file per role."""
        return self.state / "logs"

    @property
    def working_folder(self) -> Path:
        """Working directory of every process of the embedded stack, and of no other process: it identifies them."""
        return self.state / "run"

    @property
    def mail(self) -> Path:
        """The mail catcher's Maildir."""
        return self.state / "mail"

    @property
    def monitoring(self) -> Path:
        """Data and configuration of Prometheus, Alertmanager and Grafana."""
        return self.state / "monitoring"

    @property
    def airflow_home(self) -> Path:
        """AIRFLOW_HOME: Dags, plugins, configuration and task logs."""
        return self.root / "airflow"

    @property
    def dags(self) -> Path:
        """The folder of the Dag files."""
        return self.airflow_home / "dags"

    @property
    def airflow_cfg(self) -> Path:
        """Airflow's settings."""
        return self.airflow_home / "config" / "airflow.cfg"

    @property
    def data(self) -> Path:
        """Source files and reports of the pipelines."""
        return self.root / "data"

    @property
    def instance(self) -> str:
        """A name that is unique to this checkout on this machine."""
        return f"airfleet-{hashlib.sha256(str(self.root).encode()).hexdigest()[:10]}"

    @property
    def servers(self) -> Path:
        """Data of Postgres and Redis.

        Postgres refuses to run as root, and the user that it then runs as may not have access to the checkout. So for
        root this folder is in a place that every user can reach.
        """
        if os.geteuid() == 0:
            return Path("/var/lib/airfleet") / self.instance
        return self.state / "servers"

    @property
    def server_configuration(self) -> Path:
        """Settings and logins of Postgres and Redis, in a folder that their own user cannot write."""
        return self.servers / "configuration"

    @property
    def control_socket(self) -> Path:
        """The process manager's socket, on a short path: a Unix socket's path has at most 107 bytes."""
        runtime = Path(os.environ.get("XDG_RUNTIME_DIR") or tempfile.gettempdir())
        if not os.access(runtime, os.W_OK):
            runtime = Path(tempfile.gettempdir())
        return runtime / f"{self.instance}-{os.geteuid()}" / "supervisor.sock"

    @property
    def statsd_socket(self) -> Path:
        """The socket on which statsd_exporter gets what its filter lets pass."""
        return self.control_socket.with_name("statsd.sock")
