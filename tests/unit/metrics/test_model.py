"""The tables of metrics keep their own rules."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from airfleet.metrics import database, statsd, statsd_mapping
from airfleet.metrics.airflow_stats import AIRFLOW_STATS, STATS
from airfleet.metrics.model import Kind, Metric, Unit

REPO = Path(__file__).parents[3]


def test_a_counter_that_does_not_end_in_total_is_refused() -> None:
    with pytest.raises(ValueError, match="end in _total"):
        Metric(name="airflow_starts", kind=Kind.COUNTER, unit=Unit.COUNT, help="Starts.")


def test_a_duration_whose_name_hides_its_unit_is_refused() -> None:
    with pytest.raises(ValueError, match="must end in _seconds"):
        Metric(name="airflow_wait", kind=Kind.GAUGE, unit=Unit.SECONDS, help="Wait.")


def test_no_two_tables_declare_the_same_metric() -> None:
    assert not set(statsd.all_metrics()) & set(database.all_metrics())


def test_no_stat_is_listed_twice() -> None:
    names = [stat.name for stat in STATS]
    assert sorted(names) == sorted(set(names))


def test_every_statsd_metric_is_fed_by_a_stat() -> None:
    assert {stat.metric.name for stat in STATS if stat.metric} == set(statsd.all_metrics())


def test_a_mapping_sets_only_labels_its_metric_declares() -> None:
    wrong = {
        (stat.name, label)
        for stat in STATS
        if stat.metric
        for label, value in stat.labels.items()
        if value and label not in stat.metric.labels
    }
    assert not wrong


def test_a_mapping_takes_away_only_labels_its_metric_lacks() -> None:
    wrong = {
        (stat.name, label)
        for stat in STATS
        if stat.metric
        for label, value in stat.labels.items()
        if not value and label in stat.metric.labels
    }
    assert not wrong


def test_no_metric_is_labelled_by_run_or_map_index() -> None:
    every = [*statsd.all_metrics().values(), *database.all_metrics().values()]
    assert not [metric.name for metric in every if {"run_id", "map_index", "job_id"} & set(metric.labels)]


def test_the_committed_mapping_is_what_the_table_writes() -> None:
    committed = (REPO / "monitoring/statsd/mapping.yml").read_text()
    assert committed == statsd_mapping.render(), "run `python -m airfleet.metrics.statsd_mapping`"


def test_the_last_rule_of_the_mapping_drops_what_no_other_names() -> None:
    last = yaml.safe_load(statsd_mapping.render())["mappings"][-1]
    assert (last["match"], last["match_type"], last["action"]) == (".", "regex", "drop")


def test_gauges_of_a_dead_scheduler_expire_and_counters_outlive_a_week() -> None:
    rules = {rule["match"]: rule for rule in statsd_mapping.mapping()["mappings"]}
    assert rules["airflow.pool.open_slots"]["ttl"] == "2m"
    assert "ttl" not in rules["airflow.ti.finish"]
    assert statsd_mapping.mapping()["defaults"]["ttl"] == "192h"


def test_every_dropped_stat_says_why() -> None:
    assert not [stat.name for stat in AIRFLOW_STATS if not stat.metric and len(stat.dropped) < 15]
