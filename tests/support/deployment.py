"""One copy of this repository under Compose, used as its user would use it."""

import json
import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from support.checkout import Checkout, copy_repository, wait_until

from airfleet.config import env_file, settings
from airfleet.config.paths import Paths
from airfleet.operate.airflow_api import AirflowApi, DagRun, TaskRun
from airfleet.operate.runs import follow
from airfleet.stack.docker.stack import DockerStack
from airfleet.stack.preflight import free_ports

PUBLISHED = ("WEBSERVER_PORT", "FLOWER_PORT", "POSTGRES_PORT", "JOIN_EXECUTION_API_PORT", "JOIN_BROKER_PORT")
PUBLISHED += ("JOIN_POSTGRES_PORT", "GRAFANA_PORT", "PROMETHEUS_PORT", "ALERTMANAGER_PORT")


@dataclass
class Deployment(Checkout):
    """A checkout whose stack Compose runs; its project is named after its folder, as for any user."""

    def compose(
        self,
        *arguments: str,
        timeout_s: float = 400,
        check: bool = True,
        profiles: tuple[str, ...] = (),
        monitoring: bool = False,
    ) -> subprocess.CompletedProcess[str]:
        """Run `docker compose -f docker-compose.celery.yml ARGUMENTS`; *monitoring* lays its file over."""
        files = ["-f", "docker-compose.celery.yml", *(["-f", "docker-compose.monitoring.yml"] if monitoring else [])]
        options = [part for profile in profiles for part in ("--profile", profile)]
        done = subprocess.run(
            ["docker", "compose", *files, *options, *arguments],
            cwd=self.root,
            env=self.environment(),
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=False,
        )
        if check:
            assert done.returncode == 0, f"compose {arguments} exited {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done

    def exec(self, service: str, *command: str, index: int = 1, check: bool = True) -> str:
        """Run a command in container *index* of *service*, and return its output."""
        done = self.compose("exec", "-T", f"--index={index}", service, *command, check=check)
        return done.stdout + ("" if check else done.stderr)

    def docker(self) -> DockerStack:
        """Return the tool's own view of this stack."""
        paths = Paths(self.root)
        return DockerStack(settings.load(paths.env_file), paths)

    def api(self) -> AirflowApi:
        """Return a client of the REST API, logged in as the administrator; reached through the gateway."""
        return AirflowApi(settings.load(self.root / ".env"))

    def url(self, path: str) -> str:
        """Return *path* at the web port, under the name that the UI calls itself (api.base_url): logins hold there."""
        return f"http://localhost:{self.env()['WEBSERVER_PORT']}{path}"

    def flower(self, path: str) -> str:
        """Return *path* at Flower's port."""
        return f"http://127.0.0.1:{self.env()['FLOWER_PORT']}{path}"

    def wait_until_healthy(self) -> None:
        """Return when every container passes its health check."""
        self.docker().wait_until_healthy(lambda _: None)

    def containers(self, service: str) -> list[dict[str, Any]]:
        """Return what Compose knows of the running containers of *service*."""
        lines = self.compose("ps", "--format", "json", service).stdout.splitlines()
        return [json.loads(line) for line in lines]

    def run_dag(self, dag_id: str, conf: dict[str, Any] | None = None) -> tuple[DagRun, list[TaskRun]]:
        """Trigger a Dag that a file under airflow/dags defines, and return the finished run and its tasks."""
        with self.api() as api:
            wait_until(f"{dag_id} is known", lambda: api.dag(dag_id), timeout_s=120)
            api.unpause(dag_id)
            run = follow(api, api.trigger(dag_id, conf or {}), lambda *_: None)
            return run, api.tasks(run)

    def keep_logs(self) -> None:
        """Write every service's log to AIRFLEET_CI_LOGS, where a failed run is read."""
        folder = Path(os.environ.get("AIRFLEET_CI_LOGS", str(self.root.parent / "logs"))) / self.root.name
        folder.mkdir(parents=True, exist_ok=True)
        secrets = settings.load(self.root / ".env").secrets() if self._loads() else []
        for service in self.compose("ps", "--all", "--services", check=False, monitoring=True).stdout.split():
            text = self.compose("logs", "--no-color", "--timestamps", service, check=False, monitoring=True).stdout
            for secret in secrets:
                text = text.replace(secret, "***")
            (folder / f"{service}.log").write_text(text)

    def _loads(self) -> bool:
        try:
            settings.load(self.root / ".env")
        except Exception:  # a test of bad input has spoilt it: then there is nothing to leave out
            return False
        return True


def copy_checkout(root: Path, *, metrics_third_octet: int | None = None) -> Deployment:
    """Copy the repository to *root*, with generated secrets and free ports."""
    copy_repository(root)
    (root / "airflow" / "plugins").mkdir(exist_ok=True)
    env_file.fill(root / ".env", root / ".env.example")
    deployment = Deployment(root)
    # Off: no image of Grafana can be had where these tests run; they lay monitoring over without it.
    deployment.set_env(MONITORING="off", **dict(zip(PUBLISHED, free_ports(len(PUBLISHED)), strict=True)))
    if metrics_third_octet:
        use_metrics_network(deployment, metrics_third_octet)
    return deployment


def use_metrics_network(deployment: Deployment, third_octet: int) -> None:
    """Move the deployment's network of metrics, so that it does not meet another project's."""
    for key in ("METRICS_SUBNET", "METRICS_DYNAMIC_RANGE", "STATSD_ADDRESS"):
        deployment.set_env(**{key: re.sub(r"\.251\.", f".{third_octet}.", deployment.env()[key])})
