"""The work that is under way when a fault strikes, and what must hold of it afterwards."""

import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime

from support.checkout import wait_until
from support.faults.target import Target

from airfleet.operate.airflow_api import FINISHED, DagRun

COUNT = 40
# A fault on a slow, shared machine; what takes longer than this has got stuck.
END_TIMEOUT_S = 600.0
DRAIN_TIMEOUT_S = 60.0


@dataclass(frozen=True)
class Rows:
    """What a run wrote: rows, distinct rows, and a checksum over all of them."""

    count: int
    distinct: int
    checksum: str


@dataclass(frozen=True)
class Outcome:
    """How the work ended: seconds from the trigger to the end, and the tries beyond each task's first."""

    seconds: float
    further_tries: int
    most_tries: int


@dataclass
class Work:
    """Runs of one Dag, triggered together; those that the webserver acknowledged are in *runs*."""

    target: Target
    dag_id: str = "faults"
    count: int = COUNT
    runs: list[DagRun] = field(default_factory=list)
    started_at: float = 0.0
    ended_at: float = 0.0

    @classmethod
    def start(
        cls, target: Target, *, dag_id: str = "faults", count: int = COUNT, seconds: float = 4, runs: int = 1
    ) -> "Work":
        """Trigger *runs* runs of *count* tasks that take *seconds* each."""
        work = cls(target, dag_id, count, started_at=time.time())
        with target.api() as api:
            work.runs = [api.trigger(dag_id, {"count": count, "seconds": seconds}) for _ in range(runs)]
        return work

    @property
    def run_ids(self) -> list[str]:
        """The acknowledged runs' ids."""
        return [run.run_id for run in self.runs]

    def states(self) -> Counter[str]:
        """Return how many of the writing tasks are in each state."""
        found = self.target.rows(
            "SELECT coalesce(state, 'none'), count(*) FROM task_instance"
            " WHERE dag_id = %s AND run_id = ANY(%s) AND task_id = 'write' AND map_index >= 0 GROUP BY 1",
            self.dag_id,
            self.run_ids,
        )
        return Counter(dict(found))

    def hosts(self) -> dict[int, str]:
        """Return the host name of the worker that runs each of the tasks at work now, by its number."""
        found = self.target.rows(
            "SELECT map_index, hostname FROM task_instance"
            " WHERE dag_id = %s AND run_id = ANY(%s) AND task_id = 'write' AND state = 'running' AND hostname <> ''",
            self.dag_id,
            self.run_ids,
        )
        return dict(found)

    def wait_until_in_flight(self, at_least: int = 4, done: int = 1, state: str = "running") -> None:
        """Return when *done* tasks have ended, *at_least* are in *state*, and others still wait for their turn.

        This is what makes a fault hit something: it strikes right after.
        """

        def in_flight() -> Counter[str] | None:
            states = self.states()
            return states if states[state] >= at_least and states["success"] >= done else None

        states = wait_until(f"{at_least} tasks are {state}", in_flight, timeout_s=180)
        assert states["success"] < self.count * len(self.runs) - at_least, f"the work was over too soon: {states}"

    def working(self) -> dict[tuple[str, int], int]:
        """Return the pid of each task, by run and number, that has begun to work and not written yet."""
        begun = self._pids("starts")
        for key in self._pids("commits"):
            begun.pop(key, None)
        return begun

    def _pids(self, table: str) -> dict[tuple[str, int], int]:
        found = self.target.rows(
            f"SELECT run_id, number, max(pid) FROM faults.{table} WHERE dag_id = %s AND run_id = ANY(%s) GROUP BY 1, 2",
            self.dag_id,
            self.run_ids,
            database="warehouse",
        )
        return {(run_id, number): pid for run_id, number, pid in found}

    def first_start_after(self, moment: float, timeout_s: float = 300) -> float:
        """Return when the first task started after *moment* (both Unix time)."""

        def started() -> list[tuple[float]]:
            return self.target.rows(
                "SELECT extract(epoch FROM min(start_date))::float8 FROM task_instance WHERE dag_id = %s"
                " AND run_id = ANY(%s) AND start_date > %s HAVING min(start_date) IS NOT NULL",
                self.dag_id,
                self.run_ids,
                at(moment),
            )

        return wait_until("a task starts after the fault", started, timeout_s)[0][0]

    def first_queued_again_after(self, moment: float) -> float:
        """Return when the scheduler first queued a task again whose message was lost (Unix times)."""
        found = self.target.rows(
            "SELECT extract(epoch FROM min(dttm))::float8 FROM log WHERE event = 'message lost'"
            " AND dag_id = %s AND run_id = ANY(%s) AND dttm > %s",
            self.dag_id,
            self.run_ids,
            at(moment),
        )
        assert found[0][0], "no task was queued again"
        return float(found[0][0])

    def last_further_start(self) -> float:
        """Return when the last task that needed a further try started it (Unix time)."""
        found = self.target.rows(
            "SELECT extract(epoch FROM max(start_date))::float8 FROM task_instance"
            " WHERE dag_id = %s AND run_id = ANY(%s) AND try_number > 1",
            self.dag_id,
            self.run_ids,
        )
        assert found[0][0], "no task needed a further try"
        return float(found[0][0])

    def ended(self) -> bool:
        """Return whether every run has ended."""
        states = self.target.rows(
            "SELECT state FROM dag_run WHERE dag_id = %s AND run_id = ANY(%s)", self.dag_id, self.run_ids
        )
        return all(state in FINISHED for (state,) in states)

    def wait_until_ended(self, timeout_s: float = END_TIMEOUT_S) -> Outcome:
        """Return how it ended, once every run has."""
        try:
            wait_until("the runs end", self.ended, timeout_s)
        except AssertionError as error:
            raise AssertionError(f"{error}; tasks: {self.states()}; messages: {self.target.messages()}") from None
        self.ended_at = self.ended_at or time.time()
        tries = self.target.rows(
            "SELECT try_number FROM task_instance WHERE dag_id = %s AND run_id = ANY(%s)", self.dag_id, self.run_ids
        )
        further = [max(0, number - 1) for (number,) in tries]
        return Outcome(self.ended_at - self.started_at, sum(further), 1 + max(further))

    def rows(self) -> list[Rows]:
        """Return what each run wrote, in the order of the triggers."""
        return [self._rows(run_id) for run_id in self.run_ids]

    def _rows(self, run_id: str) -> Rows:
        (found,) = self.target.rows(
            "SELECT count(*), count(DISTINCT (number, part)),"
            " md5(coalesce(string_agg(number || ':' || part || '=' || value, ',' ORDER BY number, part, value), ''))"
            " FROM faults.written WHERE dag_id = %s AND run_id = %s",
            self.dag_id,
            run_id,
            database="warehouse",
        )
        return Rows(*found)

    def executions(self) -> int:
        """Return how often a task of these runs began to work."""
        (found,) = self.target.rows(
            "SELECT count(*) FROM faults.starts WHERE dag_id = %s AND run_id = ANY(%s)",
            self.dag_id,
            self.run_ids,
            database="warehouse",
        )
        return int(found[0])


class Invariant:
    """What must hold after every fault."""

    def __init__(self, target: Target) -> None:
        self.target = target
        self._expected: dict[int, Rows] = {}

    def expected(self, count: int) -> Rows:
        """Return the rows of a run of *count* tasks without a fault; the first to ask waits for one."""
        if count not in self._expected:
            work = Work.start(self.target, count=count, seconds=0)
            outcome = work.wait_until_ended()
            assert outcome.further_tries == 0, "the run without a fault was hit by one"
            (rows,) = work.rows()
            assert rows.count == rows.distinct > 0
            self._expected[count] = rows
        return self._expected[count]

    def holds(self, work: Work, *, timeout_s: float = END_TIMEOUT_S, drain_s: float = DRAIN_TIMEOUT_S) -> Outcome:
        """Wait for the end of *work*, and return how it ended; fails with all that does not hold.

        *drain_s* is how long a message may stay that nobody needs any more: with a killed worker, as long as Redis
        keeps what was not acknowledged.
        """
        outcome = work.wait_until_ended(timeout_s)
        self._every_run_is_there_once(work)
        self._every_task_succeeded(work)
        assert work.rows() == [self.expected(work.count)] * len(work.runs)
        last: dict[str, int] = {}

        def empty() -> bool:
            last.update(self.target.messages())
            return not any(last.values())

        try:
            wait_until("no queue keeps a message", empty, drain_s)
        except AssertionError:
            raise AssertionError(f"messages stay {drain_s} s after the work's end: {last}") from None
        return outcome

    def _every_run_is_there_once(self, work: Work) -> None:
        found = self.target.rows(
            "SELECT run_id, state FROM dag_run WHERE dag_id = %s AND queued_at BETWEEN %s AND %s ORDER BY run_id",
            work.dag_id,
            at(work.started_at),
            at(work.ended_at),
        )
        assert found == sorted((run_id, "success") for run_id in work.run_ids)

    def _every_task_succeeded(self, work: Work) -> None:
        found = self.target.rows(
            "SELECT run_id, state, count(*) FROM task_instance WHERE dag_id = %s AND run_id = ANY(%s) GROUP BY 1, 2",
            work.dag_id,
            work.run_ids,
        )
        # The task that lists the numbers, and one for each of them.
        assert sorted(found) == sorted((run_id, "success", work.count + 1) for run_id in work.run_ids)


def at(unix_time: float) -> datetime:
    """Return *unix_time* as a time that Postgres compares with its own."""
    return datetime.fromtimestamp(unix_time, UTC)
