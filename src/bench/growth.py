"""What growth costs: more workers, more tasks at once, tasks that take longer, and more Dags."""

import math
import time
from collections.abc import Sequence
from importlib import resources
from statistics import correlation, linear_regression
from typing import Any

from airfleet.config.errors import AirfleetError
from airfleet.stack.roles import DAG_PROCESSOR, SCHEDULER, WEBSERVER, WORKER
from bench import workloads
from bench.account import Meter, memory_bytes
from bench.instance import SLOTS
from bench.part import Part, medians

_POLL_S = 0.5
_PARSE_TIMEOUT_S = 1800.0
# Each file that does not change is parsed again in so many seconds ([dag_processor] min_file_process_interval).
_PARSED_AGAIN_S = 300.0


class ScaleOut(Part):
    """Tasks that wait, with one worker, two and four of equal slots.

    `efficiency` is the speed-up over one worker divided by the number of workers.
    """

    workers = (1, 2, 4)
    tasks, wait_s = 64, 20

    def sample(self, number: int) -> dict[str, Any]:
        """Run the tasks with each number of workers."""
        steps: list[dict[str, float]] = []
        for workers in self.workers:
            self.say(f"scale-out: {workers} workers")
            self.of.stack.scale({WORKER.name: workers, SCHEDULER.name: 1}, lambda _: None)
            slots = SLOTS * workers
            workloads.burst(self.of, slots)
            ran = workloads.run(self.of, "bench_wait", {"tasks": self.tasks, "seconds": self.wait_s}, self.tasks + 1)
            alone_s = steps[0]["seconds"] if steps else ran.seconds
            steps.append(
                {
                    "workers": workers,
                    "seconds": round(ran.seconds, 2),
                    "ceiling_s": math.ceil(self.tasks / slots) * self.wait_s,
                    "efficiency": round(alone_s / (ran.seconds * workers), 3),
                    "cpu_s": round(ran.use.total_cpu_s, 1),
                }
            )
        return {"steps": steps}


class Load(Part):
    """Bursts of more and more tasks, and the straight line that says what a run costs and what each of its tasks."""

    sizes = (25, 50, 100, 200, 400)

    def __enter__(self) -> "Load":
        """Let every role do all of it once."""
        workloads.burst(self.of, self.sizes[0])
        return self

    def sample(self, number: int) -> dict[str, Any]:
        """Run a burst of each size."""
        steps = []
        for size in self.sizes:
            self.say(f"load: {size} tasks")
            ran = workloads.burst(self.of, size)
            steps.append({"tasks": ran.tasks, "seconds": round(ran.seconds, 2), "cpu_s": round(ran.use.total_cpu_s, 2)})
        return {"steps": steps}

    def summary(self, samples: Sequence[dict[str, Any]]) -> dict[str, Any]:
        """Fit the CPU seconds of every burst to its number of tasks."""
        steps = [step for sample in samples for step in sample["steps"]]
        tasks, cpu_s = [step["tasks"] for step in steps], [step["cpu_s"] for step in steps]
        line = linear_regression(tasks, cpu_s)
        return {
            **medians(samples),
            "cpu_s_per_run": round(line.intercept, 2),
            "cpu_s_per_task": round(line.slope, 4),
            "correlation": round(correlation(tasks, cpu_s), 4),
        }


class Waiting(Part):
    """Tasks that wait: what each costs for every second that it runs, which is its heartbeats.

    What starts and ends cost is taken off by runs that wait for a second only, what an active run costs whatever its
    number of tasks by runs of one task. Only roles that a heartbeat reaches are told of.
    """

    tasks, seconds = (1, SLOTS), (1, 61)
    roles = (WEBSERVER.name, WORKER.name, "postgres")

    def __enter__(self) -> "Waiting":
        """Let every slot run a task once."""
        workloads.burst(self.of, SLOTS)
        return self

    def sample(self, number: int) -> dict[str, Any]:
        """Run one task and as many as there are slots, for a second and for a minute more."""
        few, many = ([self._cpu_s(tasks, seconds) for seconds in self.seconds] for tasks in self.tasks)
        further = (self.tasks[1] - self.tasks[0]) * (self.seconds[1] - self.seconds[0])
        cost = {role: (many[1][role] - many[0][role] - few[1][role] + few[0][role]) / further for role in self.roles}
        return {"cpu_ms_per_task_second": {role: round(cpu_s * 1000, 3) for role, cpu_s in cost.items()}}

    def _cpu_s(self, tasks: int, seconds: int) -> dict[str, float]:
        self.say(f"waiting: {tasks} tasks for {seconds} s")
        return workloads.run(self.of, "bench_wait", {"tasks": tasks, "seconds": seconds}, tasks + 1).use.cpu_s


class Parse(Part):
    """Many new Dag files in lots, then what it costs to keep them."""

    files, tasks = 334, 10

    def __enter__(self) -> "Parse":
        """Note what there was before."""
        self._memory = memory_bytes(self.of)
        self._database = workloads.database_bytes(self.of)
        return self

    def sample(self, number: int) -> dict[str, float]:
        """Add a lot of files, and wait until each is in the metadata database."""
        template = resources.files("bench").joinpath("dags", "grown.txt").read_text()
        self.say(f"parse: {self.files} more Dags of {self.tasks} tasks")
        wanted = self.files * (number + 1)
        meter, began = Meter(self.of), time.monotonic()
        for each in range(wanted - self.files, wanted):
            (self.of.dags / f"grown_{each:04}.py").write_text(template.format(number=each, tasks=self.tasks))
        with workloads.metadata(self.of) as cursor:
            while (known := _known(cursor)) < wanted:
                if time.monotonic() - began > _PARSE_TIMEOUT_S:
                    raise AirfleetError(
                        f"{self.of.profile}: {known} of {wanted} Dags are parsed after {_PARSE_TIMEOUT_S:.0f} s."
                    )
                time.sleep(_POLL_S)
        use = meter.use()
        return {
            "first_parse_s": round(use.wall_s, 1),
            "dag_processor_cpu_s_per_file": round(use.cpu_s[DAG_PROCESSOR.name] / self.files, 4),
        }

    def summary(self, samples: Sequence[dict[str, Any]]) -> dict[str, Any]:
        """Wait until each unchanged file was due once, at the longest interval between two parses of it."""
        dags = self.files * len(samples)
        again = Meter(self.of)
        self.say(f"parse: {dags} Dags, unchanged")
        time.sleep(_PARSED_AGAIN_S + sum(sample["first_parse_s"] for sample in samples))
        steady = again.use()
        more = {role: (used - self._memory[role]) / (1 << 20) for role, used in memory_bytes(self.of).items()}
        grown = workloads.database_bytes(self.of) - self._database
        return {
            **medians(samples),
            "dags": dags,
            "files_of_a_sample": self.files,
            "tasks": dags * self.tasks,
            "steady_s": round(steady.wall_s),
            "steady_dag_processor_cores": round(steady.cpu_s[DAG_PROCESSOR.name] / steady.wall_s, 3),
            "steady_scheduler_cores": round(steady.cpu_s[SCHEDULER.name] / steady.wall_s, 3),
            "steady_postgres_cores": round(steady.cpu_s["postgres"] / steady.wall_s, 3),
            "database_kib_per_dag": round(grown / dags / 1024, 1),
            "dag_processor_mib_more": round(more[DAG_PROCESSOR.name], 1),
            "scheduler_mib_more": round(more[SCHEDULER.name], 1),
        }


def _known(cursor: Any) -> int:
    cursor.execute("SELECT count(*) FROM serialized_dag WHERE dag_id LIKE 'grown_%'")
    return int(cursor.fetchone()[0])
