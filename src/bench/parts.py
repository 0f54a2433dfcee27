"""The parts of a bench beyond the comparison, by name."""

import contextlib
import time
from collections.abc import Mapping, Sequence
from importlib import resources
from typing import Any

from airfleet.config.errors import AirfleetError
from airfleet.config.paths import Paths
from airfleet.config.sizes import SIZES
from airfleet.operate import first_runs
from airfleet.operate.airflow_api import AirflowApi
from airfleet.stack.protocol import Say
from airfleet.stack.roles import MAIL_CATCHER
from bench import account, alternation, growth, summary, workloads
from bench.instance import OURS, PLAIN, STOCK, instances
from bench.part import Part
from bench.soak import Soak

_POLL_S = 0.2
_TIMEOUT_S = 600.0
_RUNS = resources.files("bench").joinpath("runs.sql")


class FirstDags(Part):
    """The Dags of FIRST_RUN, all at once."""

    # The shop's Dags have deadlines.
    needed = ("airfleet_sla.py",)

    def __enter__(self) -> "FirstDags":
        """Run them one after the other, which prepares what they read."""
        names = self.of.stack.settings.first_run.partition(":")[2]
        self._dag_ids = [name for name in names.split(",") if name]
        if not self._dag_ids:
            raise AirfleetError("FIRST_RUN names no Dags to run together. See .env.example.")
        if self.of.stack.settings.uses_mail_catcher:
            # The stock profile has no mail connection, and the Dags send mail.
            self.of.stack.manager.start(MAIL_CATCHER.name)
        first = first_runs.run(self.of.stack, self.say, lambda run, tasks: None)[0]
        if failed := [run.dag_id for run in first if run.state != "success"]:
            raise AirfleetError(f"{self.of.profile}: {', '.join(failed)} did not succeed, so nothing is measured.")
        return self

    def sample(self, number: int) -> dict[str, Any]:
        """Start all of them, and wait for the last."""
        self.say(f"{', '.join(self._dag_ids)} at once")
        with AirflowApi(self.of.stack.settings) as api, workloads.metadata(self.of) as cursor:
            meter = account.Meter(self.of)
            runs = [api.trigger(dag_id, {}) for dag_id in self._dag_ids]
            deadline = time.monotonic() + _TIMEOUT_S
            ids = tuple(run.run_id for run in runs)
            while True:
                cursor.execute(_RUNS.read_text(), {"run_ids": ids, "dag_ids": tuple(self._dag_ids)})
                done, failed, took = cursor.fetchone()
                if failed or time.monotonic() > deadline:
                    raise AirfleetError(f"{self.of.profile}: {failed} runs failed, {done} of {len(runs)} succeeded.")
                if done == len(runs):
                    break
                time.sleep(_POLL_S)
            use = meter.use()
        return {"dags": self._dag_ids, "seconds": round(float(took), 2), "cpu_s": round(use.total_cpu_s, 2)}


class Sized(Part):
    """A deployment of a size that sizes.py names: a burst, and as many waiting tasks as it has slots."""

    burst, wait_s = 200, 20

    def sample(self, number: int) -> dict[str, Any]:
        """Run both, and measure the memory of the roles."""
        settings = self.of.stack.settings
        slots = settings.workers * settings.worker_concurrency
        burst = workloads.burst(self.of, self.burst)
        wait = workloads.run(self.of, "bench_wait", {"tasks": slots, "seconds": self.wait_s}, slots + 1)
        memory = account.memory_bytes(self.of)
        return {
            "slots": slots,
            "tasks_per_s": round(burst.tasks / burst.seconds, 2),
            "cpu_s_per_task": round(burst.cpu_per_task_s, 3),
            "all_slots_busy_s": round(wait.seconds - self.wait_s, 2),
            "memory_mib": round(sum(memory.values()) / (1 << 20)),
        }


# For this deployment only: stock has no sizes.
SIZED = {f"size-{name}": keys for name, keys in SIZES.items()}
PARTS: Mapping[str, type[Part]] = {
    "first-dags": FirstDags,
    "scale-out": growth.ScaleOut,
    "load": growth.Load,
    "waiting": growth.Waiting,
    "parse": growth.Parse,
    "soak": Soak,
    **dict.fromkeys(SIZED, Sized),
}


def measure(name: str, at: Paths, profiles: Sequence[str], seconds: float, say: Say) -> dict[str, Any]:
    """Return figures and samples of the part *name* for each of *profiles*, or of both that it can be measured on.

    The profiles' samples alternate; no further pair starts after *seconds*.
    """
    wanted = profiles or ((OURS,) if name in SIZED else (OURS, STOCK))
    laid_out = instances(at, *wanted, size=SIZED.get(name, PLAIN), needed=PARTS[name].needed)
    with laid_out as given, contextlib.ExitStack() as stack:
        parts: dict[str, Part] = {}
        for one in given:
            say(f"start: {one.profile}")
            one.up(lambda _: None)
            parts[one.profile] = stack.enter_context(PARTS[name](one, say))
            one.freeze()
        samples: dict[str, list[dict[str, Any]]] = {profile: [] for profile in wanted}
        until, every = time.monotonic() + seconds, PARTS[name].official_every
        for number, one in alternation.in_turn(given, PARTS[name].pairs, say, until, official_every=every):
            samples[one.profile].append(parts[one.profile].sample(number))
        found: dict[str, Any] = {}
        for one in given:
            alternation.only(one, given)
            taken = samples[one.profile]
            figures = parts[one.profile].summary(taken)
            found[one.profile] = summary.conditions() | {"pairs": len(taken)} | figures | {"samples": taken}
        return found
