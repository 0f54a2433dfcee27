"""An idle triggerer asks whether there is any trigger, and nothing else."""

from typing import Any

from support.fresh_python import ask

from airfleet.runtime.patches.changes.triggerer import Rounds


class Supervisor:
    """Stands for Airflow's, which runs triggers in a child."""

    def __init__(self) -> None:
        self.done: list[Any] = []

    def update_triggers(self, ids: set[int]) -> None:
        self.done.append(ids)


def one_round(is_any: bool) -> list[Any]:
    """Return what a supervisor does in a round."""
    rounds, supervisor = Rounds(lambda: is_any), Supervisor()
    rounds.loading(lambda s: s.done.append("load"))(supervisor)
    rounds.cleaning(lambda s: s.done.append("clean"))(supervisor)
    return supervisor.done


def test_with_a_trigger_in_the_table_the_round_is_airflows_own() -> None:
    assert one_round(is_any=True) == ["load", "clean"]


def test_with_none_nothing_else_is_asked_and_what_still_runs_is_cancelled() -> None:
    assert one_round(is_any=False) == [set()]


def test_a_triggerer_that_starts_is_changed() -> None:
    started = """
        from airflow.jobs.triggerer_job_runner import TriggerRunnerSupervisor as Supervisor
        print(Supervisor.load_triggers.__module__, Supervisor.clean_unused.__module__)
    """
    assert ask(started, role="airflow triggerer") == " ".join(2 * ["airfleet.runtime.patches.changes.triggerer"])
