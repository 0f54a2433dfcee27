"""Beyond one machine: workers elsewhere, servers outside the stack, and a pool of connections between."""

import ipaddress
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.checkout import wait_until
from support.deployment import Deployment, copy_checkout, use_metrics_network
from support.engine import docker

from airfleet.config.paths import Paths
from airfleet.operate.join import worker_env

ELSEWHERE = """
import time
from airflow.sdk import dag, task


@dag(schedule=None)
def elsewhere():
    @task(queue="far")
    def there() -> dict[str, int]:
        print("far away")
        return {"rows": 1}

    there()


elsewhere()
"""
SERVER_PASSWORD = "outside-server-1234"


def host_address() -> str:
    """The address under which any container reaches ports that this machine publishes."""
    subnet = docker("network", "inspect", "bridge", "--format", "{{(index .IPAM.Config 0).Subnet}}")
    return str(ipaddress.ip_network(subnet)[1])


def test_a_worker_in_another_project_runs_tasks_over_the_join_ports_alone(stack: Deployment, tmp_path: Path) -> None:
    bridge = host_address()
    stack.add_dag("elsewhere", ELSEWHERE)
    stack.set_env(JOIN_ADDRESS=bridge)
    stack.compose("up", "-d", profiles=("join",))
    env = stack.env()
    far = copy_checkout(tmp_path / "airfleet-far")
    (far.root / ".env").write_text(worker_env(stack.docker().settings, Paths(stack.root), bridge))
    far.set_env(WORKERS=1, WORKER_QUEUES="far")
    use_metrics_network(far, 253)
    far.add_dag("elsewhere", ELSEWHERE)
    (far.root / "airflow" / "logs").mkdir(mode=0o777, exist_ok=True)
    (far.root / "airflow" / "logs").chmod(0o777)
    try:
        far.compose("up", "-d", "--no-deps", "airflow-worker")
        run, tasks = stack.run_dag("elsewhere")
        assert run.state == "success"
        assert tasks[0].hostname == far.containers("airflow-worker")[0]["ID"][:12]
        # Only the Execution API passes, and Postgres lets no login of the metadata database in from there.
        door = f"/dev/tcp/{bridge}/{env['JOIN_EXECUTION_API_PORT']}"
        look = f"exec 3<>{door}; printf 'GET /api/v2/version HTTP/1.0\\r\\n\\r\\n' >&3; head -1 <&3"
        assert "403" in far.exec("airflow-worker", "bash", "-c", look)
    finally:
        far.keep_logs()
        far.compose("down", "--volumes", "--timeout", "5", check=False)
        stack.compose("rm", "--stop", "--force", "join", profiles=("join",))


@pytest.fixture
def servers(tmp_path: Path) -> Iterator[dict[str, str]]:
    """A Postgres and a Redis outside any project, which take TLS only; yields their addresses and the authority."""
    address = host_address()
    tls = tmp_path / "tls"
    tls.mkdir()
    made = subprocess.run(
        [str(Path(__file__).with_name("certificates.sh")), str(tls), address],
        capture_output=True,
        text=True,
        check=False,
    )
    assert made.returncode == 0, made.stderr
    names = ("airfleet-outside-postgres", "airfleet-outside-redis")
    mounts = ["-v", f"{tls}:/tls:ro", "--user", "999:999"]
    try:
        docker(
            *("run", "-d", "--name", names[0], *mounts, "-p", f"{address}:25432:5432"),
            *("-e", f"POSTGRES_PASSWORD={SERVER_PASSWORD}", "postgres:17-trixie", "postgres"),
            *("-c", "ssl=on", "-c", "ssl_cert_file=/tls/server.crt", "-c", "ssl_key_file=/tls/server.key"),
        )
        docker(
            *("run", "-d", "--name", names[1], *mounts, "-p", f"{address}:26379:6379", "redis:8.0", "redis-server"),
            *("--port", "0", "--tls-port", "6379", "--tls-cert-file", "/tls/server.crt"),
            *("--tls-key-file", "/tls/server.key", "--tls-ca-cert-file", "/tls/ca.crt", "--tls-auth-clients", "no"),
            *("--requirepass", SERVER_PASSWORD, "--protected-mode", "no"),
        )
        yield {"address": address, "ca": str(tls / "ca.crt"), "other": str(tls / "other.crt"), "postgres": names[0]}
    finally:
        docker("rm", "-f", "-v", *names, check=False)


def test_every_server_can_be_outside_with_its_certificate_verified(
    checkout: Deployment, servers: dict[str, str]
) -> None:
    host = servers["address"]
    ready = f"postgresql://postgres:{SERVER_PASSWORD}@127.0.0.1:5432/postgres"
    ask = ("exec", servers["postgres"], "psql", "-qtA", ready, "-c", "SELECT 1")
    wait_until("Postgres answers", lambda: docker(*ask, check=False) == "1", timeout_s=120)
    for name in ("airflow", "results", "warehouse"):
        docker("exec", servers["postgres"], "psql", "-q", ready, "-c", f"CREATE DATABASE {name}")
    tls = "?sslmode=verify-full&sslrootcert=/opt/airflow/config/ca.crt"
    login = f"postgres:{SERVER_PASSWORD}@{host}:25432"
    certificate = checkout.root / "airflow" / "config" / "ca.crt"
    certificate.write_bytes(Path(servers["other"]).read_bytes())
    checkout.set_env(
        METADATA_URL=f"postgresql+psycopg2://{login}/airflow{tls}",
        RESULTS_URL=f"db+postgresql+psycopg2://{login}/results{tls}",
        WAREHOUSE_URL=f"postgresql://{login}/warehouse{tls}",
        BROKER_URL=f"rediss://:{SERVER_PASSWORD}@{host}:26379/0"
        "?ssl_cert_reqs=required&ssl_ca_certs=/opt/airflow/config/ca.crt",
        BUILTIN_POSTGRES=0,
        BUILTIN_REDIS=0,
        WORKERS=1,
    )
    refused = checkout.compose("run", "--rm", "-T", "airflow-init", check=False, timeout_s=60)
    assert refused.returncode != 0
    assert "What BROKER_URL in .env names cannot be used" in refused.stdout + refused.stderr
    assert SERVER_PASSWORD not in refused.stdout + refused.stderr
    certificate.write_bytes(Path(servers["ca"]).read_bytes())
    checkout.add_dag("elsewhere", ELSEWHERE.replace('(queue="far")', ""))
    checkout.compose("up", "-d")
    checkout.wait_until_healthy()
    assert checkout.containers("postgres") == []
    assert checkout.containers("redis") == []
    run, tasks = checkout.run_dag("elsewhere")
    assert run.state == "success", tasks
