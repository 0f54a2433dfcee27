"""Ids that Airflow would drop from its metrics are refused, and no other."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from airflow.exceptions import AirflowClusterPolicyViolation

from airfleet.runtime.ids import Task, problems, refuse_unmeasurable_ids


def test_ordinary_ids_are_let_through() -> None:
    assert problems("weekly_full_pipeline", [Task("group.load-1")]) == []


@pytest.mark.parametrize("name", ["50%", "café", "two words", "line\n", "a,b", "a=b", "a:b", "a|b", "日本"])
def test_an_id_with_other_characters_is_refused_by_name(name: str) -> None:
    (problem,) = problems(name, [Task("load")])
    assert repr(name) in problem
    (problem,) = problems("sales", [Task(name)])
    assert repr(name) in problem


def test_ids_are_refused_from_the_first_character_that_does_not_fit() -> None:
    room = 250 - len("operator_successes,dag_id=sales,task_id=,operator_name=PythonOperator")
    assert problems("sales", [Task("t" * room)]) == []
    (problem,) = problems("sales", [Task("t" * (room + 1))])
    assert "Shorten the ids by 1 characters" in problem


def test_a_long_operator_name_takes_its_share() -> None:
    assert problems("d" * 90, [Task("t" * 90)]) == []
    assert problems("d" * 90, [Task("t" * 90, operator="O" * 40)])


def test_the_policy_names_every_bad_id_at_once() -> None:
    tasks = [SimpleNamespace(task_id=name, task_type="PythonOperator", queue=None) for name in ("good", "b%d", "wörse")]
    with pytest.raises(AirflowClusterPolicyViolation) as refused:
        refuse_unmeasurable_ids(SimpleNamespace(dag_id="sales", tasks=tasks))
    assert "'b%d'" in str(refused.value)
    assert "'wörse'" in str(refused.value)
    assert "'good'" not in str(refused.value)
