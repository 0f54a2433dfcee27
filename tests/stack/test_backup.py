"""The drill: back up under load, lose everything, restore, go on."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from psycopg2.extensions import connection as Connection
from support.checkout import Checkout, wait_until
from support.held import Held

from airfleet.config.settings import Settings
from airfleet.operate.airflow_api import AirflowApi

Connect = Callable[..., Connection]
TABLES = "SELECT schemaname || '.' || relname FROM pg_stat_user_tables ORDER BY 1"


def _rows(connect: Connect) -> dict[str, Any]:
    """Every warehouse table's number of rows and checksum, and the finished runs' tasks with their states."""
    with connect("postgres", "warehouse").cursor() as cursor:
        cursor.execute(TABLES)
        found: dict[str, Any] = {}
        for (table,) in cursor.fetchall():
            cursor.execute(f"SELECT count(*), md5(string_agg(t::text, ',' ORDER BY t::text)) FROM {table} t")
            found[table] = cursor.fetchone()
    with connect("airflow_metadata", "airflow").cursor() as cursor:
        cursor.execute(
            "SELECT run_id, dag_id, task_id, map_index, task_instance.state, try_number FROM task_instance"
            " JOIN dag_run USING (dag_id, run_id) WHERE dag_run.state = 'success'"
            " ORDER BY 1, 2, 3, 4"
        )
        found["tasks"] = cursor.fetchall()
    return found


def test_a_backup_under_load_brings_everything_back(
    checkout: Checkout, api: AirflowApi, connect: Connect, settings: Settings, tmp_path: Path
) -> None:
    said = checkout.airfleet("backup-key")
    key = tmp_path / "backup.key"
    key.write_text(said.stdout)
    line = next(line for line in said.stderr.splitlines() if line.startswith("BACKUP_RECIPIENT="))
    refused = checkout.airfleet("backup", check=False)
    assert refused.returncode == 1
    assert "BACKUP_RECIPIENT in .env is empty" in refused.stderr
    checkout.set_env(BACKUP_RECIPIENT=line.partition("=")[2])

    held = Held.start(api, tmp_path / "gate", count=40)
    target = tmp_path / "a backup.age"
    try:
        held.at_work_on(workers=2)
        before = _rows(connect)
        checkout.airfleet("backup", str(target))
    finally:
        held.gate.touch()
    assert not [secret for secret in settings.secrets() if secret.encode() in target.read_bytes()]

    over = checkout.airfleet("backup", str(target), check=False)
    assert "is never written over" in over.stderr
    refused = checkout.airfleet("restore", str(target), "--key", str(key), check=False)
    assert refused.returncode == 1
    assert "has databases already" in refused.stderr
    env = (checkout.root / ".env").read_bytes()

    checkout.airfleet("down", "--timeout", "5", "--volumes", "--yes")
    (checkout.root / ".env").unlink()
    checkout.airfleet("restore", str(target), "--key", str(key))
    assert (checkout.root / ".env").read_bytes() == env
    assert _rows(connect) == before
    checkout.airfleet("up")
    # Logged in anew with the password of before, by a client that knows nothing of the stack that was lost.
    with AirflowApi(settings) as client:
        assert client.run(held.run).state in ("running", "success")
        wait_until("Dags are parsed", lambda: client.dag("refresh_aggregations"), timeout_s=60)
