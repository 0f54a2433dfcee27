"""Both deployments in alternation on one machine: the samples of every figure that they are compared by."""

import resource
import time
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from airfleet.config.paths import Paths
from airfleet.stack.protocol import Say
from bench import alternation, health_checks, workloads
from bench.account import Meter, cpu_seconds, memory_bytes
from bench.instance import EXTRA_ROLES, OURS, STOCK, Instance, instances


@dataclass(frozen=True)
class Plan:
    """How much is run: pairs of runs, tasks of each, fresh starts of each deployment, spells of idling and seconds.

    With one start of each both start at once, which takes less time: then neither figure is of a machine of its own.
    """

    pairs: int
    burst: int
    chain: int
    starts: int
    idles: int
    idle_s: float
    settle_s: float


FAST = Plan(pairs=3, burst=12, chain=3, starts=1, idles=1, idle_s=8, settle_s=0)
# A scheduler's sleep is at its longest 20 s after the last task.
FULL = Plan(pairs=5, burst=200, chain=10, starts=3, idles=3, idle_s=60, settle_s=25)


@dataclass
class Samples:
    """Every measured value, by profile and figure, and what is behind them by role."""

    values: dict[str, dict[str, list[float]]] = field(default_factory=lambda: defaultdict(lambda: defaultdict(list)))
    cpu_by_role: dict[str, list[dict[str, float]]] = field(default_factory=lambda: defaultdict(list))
    details: dict[str, dict[str, list[dict[str, float]]]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(list))
    )

    def add(self, of: Instance, say: Say, **figures: float) -> None:
        """Add one sample of each figure, and say so: an hour's bench that is cut short has not measured nothing."""
        for name, value in figures.items():
            self.values[of.profile][name].append(round(value, 4))
        say(f"{of.profile}: " + ", ".join(f"{name} {value:.3g}" for name, value in figures.items()))


def run(at: Paths, plan: Plan, say: Say) -> Samples:
    """Measure both profiles as *plan* says."""
    samples = Samples()
    for number in range(plan.starts - 1):
        for profile in alternation.order((OURS, STOCK), number):
            with instances(at, profile) as (one,):
                account_for_start(one, samples, say)
    with instances(at, OURS, STOCK) as both:
        if plan.starts == 1:
            with ThreadPoolExecutor() as threads:
                list(threads.map(lambda each: _start(each, samples, say), both))
        else:
            for each in both:
                account_for_start(each, samples, say)
                each.freeze()
        for _, each in alternation.in_turn(both, plan.pairs, say):
            burst_and_chain(each, plan, samples, say)
        say("idle")
        time.sleep(plan.settle_s)
        # At once: what is counted belongs to a process, whatever else runs, and both together idle below one core.
        with ThreadPoolExecutor() as threads:
            for _ in range(plan.idles):
                list(threads.map(lambda each: idle(each, at, plan, samples, say), both))
    return samples


def account_for_start(one: Instance, samples: Samples, say: Say) -> None:
    """Time a start that has the machine to itself, and say which role used the cores."""
    run_before = _children_cpu_s()
    _start(one, samples, say)
    used = {"init": _children_cpu_s() - run_before} | cpu_seconds(one)
    samples.details[one.profile]["startup_cpu_s"].append({role: round(cpu_s, 2) for role, cpu_s in used.items()})


def _start(one: Instance, samples: Samples, say: Say) -> None:
    """Time a start with empty databases until a first run, of two tasks, has ended."""
    say(f"start: {one.profile}")
    began = time.monotonic()
    one.up(lambda _: None)
    healthy = time.monotonic() - began
    workloads.burst(one, 1)
    samples.add(one, say, healthy_s=healthy, startup_s=time.monotonic() - began)


def _children_cpu_s() -> float:
    """Return what programs that this process has run to their end have used: making the databases, and init."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def burst_and_chain(one: Instance, plan: Plan, samples: Samples, say: Say) -> None:
    burst = workloads.burst(one, plan.burst)
    chain = workloads.chain(one, plan.chain)
    samples.add(
        one,
        say,
        burst_tasks_per_s=burst.tasks / burst.seconds,
        burst_cpu_per_task_s=burst.cpu_per_task_s,
        chain_step_s=chain.seconds / chain.tasks,
        chain_cpu_per_task_s=chain.cpu_per_task_s,
    )
    samples.cpu_by_role[one.profile].append({role: used / burst.tasks for role, used in burst.use.cpu_s.items()})


def idle(one: Instance, at: Paths, plan: Plan, samples: Samples, say: Say) -> None:
    """Account for an idle stack: its roles, its health checks, and its memory after some work."""
    known = health_checks.of_instance(one, at.root / "docker-compose.celery.yml")
    meter = Meter(one)
    checked, each = health_checks.cores(known, plan.idle_s)
    use = meter.use()
    memory = memory_bytes(one)
    samples.add(
        one,
        say,
        idle_cores=use.total_cpu_s / use.wall_s + checked,
        idle_roles_cores=use.total_cpu_s / use.wall_s,
        idle_checks_cores=checked,
        memory_mib=sum(used for role, used in memory.items() if role not in EXTRA_ROLES) / (1 << 20),
        memory_whole_mib=sum(memory.values()) / (1 << 20),
    )
    accounts: dict[str, dict[str, float]] = {
        "memory_mib_by_role": {role: round(used / (1 << 20)) for role, used in memory.items()},
        "idle_cores_by_role": {role: round(used / use.wall_s, 4) for role, used in use.cpu_s.items()},
        "health_check_cpu_s": {role: round(used, 3) for role, used in each.items()},
    }
    for name, found in accounts.items():
        samples.details[one.profile][name].append(found)
