"""Tasks that last until a file exists (tests/stack/dags/held.py), so that no test waits for them in vain."""

from dataclasses import dataclass
from pathlib import Path

from support.checkout import wait_until

from airfleet.operate.airflow_api import FINISHED, AirflowApi, DagRun, TaskRun
from airfleet.stack.embedded.stack import EmbeddedStack


@dataclass(frozen=True)
class Held:
    """One run of such tasks; *gate* is the file that lets them end."""

    api: AirflowApi
    gate: Path
    run: DagRun

    @classmethod
    def start(cls, api: AirflowApi, gate: Path, count: int) -> "Held":
        """Start *count* tasks."""
        wait_until("the Dag is known", lambda: api.dag("held"), timeout_s=120)
        api.unpause("held")
        return cls(api, gate, api.trigger("held", {"count": count, "gate": str(gate)}))

    def tasks(self) -> dict[int, TaskRun]:
        """Return the tasks as they are now, by their number."""
        found = self.api.tasks(self.run, with_rows=False)
        return {task.map_index: task for task in found if task.task_id == "wait" and task.map_index >= 0}

    def at_work_on(self, workers: int) -> list[TaskRun]:
        """Return the tasks at work, once so many workers have some."""

        def found() -> list[TaskRun] | None:
            running = [task for task in self.tasks().values() if task.state == "running"]
            return running if len({task.hostname for task in running}) == workers else None

        return wait_until(f"tasks run on {workers} workers", found, timeout_s=180)

    def finished(self) -> str:
        """Return the state of the run, once it is over."""

        def over() -> str | None:
            state = self.api.run(self.run).state
            return state if state in FINISHED else None

        return wait_until("the run ends", over, timeout_s=300)


def leaving(stack: EmbeddedStack) -> list[str]:
    """Return the workers that have been told to leave, and have not yet."""
    states = stack.manager.states()
    return sorted(s.name for s in states if s.name.startswith("airflow-worker") and s.state == "STOPPING")
