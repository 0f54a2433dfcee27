"""Declarations of the Dags, from their serialised form: SLAs, deadlines and limits. No Dag file is parsed."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from airfleet.observe.exporter.queries import Database
from airfleet.observe.exporter.waiting import Limits
from airfleet.sla.declare import read_sla

# So many Dags are read at a time after a start; more would only raise the memory it takes.
BATCH = 200


@dataclass(frozen=True)
class Declared:
    """The declarations of one Dag."""

    has_deadline: bool = False
    slas: dict[str, float] = field(default_factory=dict)
    limits: dict[str, Limits] = field(default_factory=dict)


class SerializedDags:
    """The declarations of every live Dag; a Dag is read again only when its row has changed."""

    def __init__(self, database: Database) -> None:
        """Read nothing yet."""
        self._database = database
        self._read: dict[str, tuple[datetime, Declared]] = {}

    def refresh(self) -> None:
        """Read the Dags that are new or changed and forget those that are gone."""
        versions = {row["dag_id"]: row for row in self._database.rows("serialized_versions")}
        self._read = {dag_id: read for dag_id, read in self._read.items() if dag_id in versions}
        changed = [
            row
            for dag_id, row in versions.items()
            if dag_id not in self._read or self._read[dag_id][0] != row["last_updated"]
        ]
        for start in range(0, len(changed), BATCH):
            ids = [row["id"] for row in changed[start : start + BATCH]]
            for row in self._database.rows("serialized", ids=ids):
                written = versions[row["dag_id"]]["last_updated"]
                self._read[row["dag_id"]] = (written, _declared(_content(row)))

    def task_slas(self) -> dict[tuple[str, str], float]:
        """Return each declared task SLA in seconds by Dag and task."""
        return {
            (dag_id, task_id): seconds
            for dag_id, (_, declared) in self._read.items()
            for task_id, seconds in declared.slas.items()
        }

    def declared(self) -> dict[str, bool]:
        """Return for each Dag whether it has a deadline or a task with an SLA."""
        return {dag_id: bool(one.has_deadline or one.slas) for dag_id, (_, one) in self._read.items()}

    def limits(self, dag_id: str, task_id: str) -> Limits:
        """Return the task's own limits, none where it declares none."""
        read = self._read.get(dag_id)
        return read[1].limits.get(task_id, Limits()) if read else Limits()


def _content(row: dict[str, Any]) -> dict[str, Any]:
    data = row["data"]
    if data is None:
        data = json.loads(zlib.decompress(bytes(row["data_compressed"])))
    return dict(data.get("dag") or {})


def _declared(dag: dict[str, Any]) -> Declared:
    tasks = list(_tasks(dag))
    slas = {task_id: read_sla(task.get("doc_json")) for task_id, task in tasks}
    limits = {
        task_id: Limits(task.get("max_active_tis_per_dag"), task.get("max_active_tis_per_dagrun"))
        for task_id, task in tasks
    }
    return Declared(
        has_deadline=bool(dag.get("deadline")),
        slas={task_id: seconds for task_id, seconds in slas.items() if seconds is not None},
        limits={task_id: limit for task_id, limit in limits.items() if limit != Limits()},
    )


def _tasks(dag: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for entry in dag.get("tasks") or []:
        task = entry.get("__var", entry)
        # A mapped task stores the fields that all its instances share separately.
        yield task["task_id"], {**(task.get("partial_kwargs") or {}), **task}
