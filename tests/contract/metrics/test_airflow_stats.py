"""The list of stats equals what the installed Airflow's registry and source hold."""

from __future__ import annotations

from pathlib import Path

import pytest
from support import callsites
from support.callsites import CallSite

from airfleet.metrics.airflow_stats import AIRFLOW_STATS, COMPUTED

LISTED = {stat.name: stat.sent_as for stat in AIRFLOW_STATS}


@pytest.fixture(scope="module")
def sites() -> dict[CallSite, list[str]]:
    return callsites.call_sites(callsites.package_root())


def test_every_stat_of_the_registry_is_mapped_or_dropped_with_a_reason() -> None:
    registry = callsites.registry(callsites.package_root())
    assert {name: LISTED.get(name) for name in registry} == registry


def test_every_call_of_the_stats_api_sends_a_listed_stat(sites: dict[CallSite, list[str]]) -> None:
    unknown = {
        site: files
        for site, files in sites.items()
        if LISTED.get(site.form) != site.sent_as and (site.form, site.sent_as) not in COMPUTED
    }
    assert not unknown, "new or retyped stats: map or drop them in airflow_stats.py"


def test_every_computed_call_is_still_made_and_sends_listed_stats(sites: dict[CallSite, list[str]]) -> None:
    assert {key for key in COMPUTED if CallSite(*key) not in sites} == set()
    assert {name for names in COMPUTED.values() for name in names} <= set(LISTED)


def test_every_mapped_stat_is_sent_by_some_call(sites: dict[CallSite, list[str]]) -> None:
    sent = {site.form for site in sites} | {name for names in COMPUTED.values() for name in names}
    assert {stat.name for stat in AIRFLOW_STATS if stat.metric} - sent == set()


def test_nothing_is_listed_that_airflow_no_longer_knows(sites: dict[CallSite, list[str]]) -> None:
    known = set(callsites.registry(callsites.package_root()))
    known |= {site.form for site in sites} | {name for names in COMPUTED.values() for name in names}
    several_executors = {name for name in LISTED if name.endswith(".{executor}")}
    assert set(LISTED) - known - several_executors == set()


def test_an_added_a_renamed_and_a_retyped_stat_are_all_noticed(tmp_path: Path) -> None:
    (tmp_path / "new.py").write_text(
        "def run(stats, name):\n"
        "    stats.incr('ti.begin')\n"
        "    stats.gauge('ti.finish', 1)\n"
        "    metric = f'pool.{name}.free'\n"
        "    stats.gauge(metric, 1)\n"
    )
    found = set(callsites.call_sites(tmp_path))
    assert found == {
        CallSite("ti.begin", "counter"),
        CallSite("ti.finish", "gauge"),
        CallSite("pool.{}.free", "gauge"),
    }
    assert not any(LISTED.get(site.form) == site.sent_as for site in found)
