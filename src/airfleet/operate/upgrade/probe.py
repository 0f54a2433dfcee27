"""Run by the other version's Python, as a file: what its migrations and its settings make of what is here.

Prints a JSON object: `airflow`, its version; `pending`, a line for each migration that the database at
AIRFLOW__DATABASE__SQL_ALCHEMY_CONN has not seen; `settings`, a sentence for each problem with the .env that the
argument names; `patches`, by the name of each change of that version's registry the sources that it was written for and
that are not the installed ones.
"""

import importlib.util
import json
import os
import sys
from importlib.metadata import version
from pathlib import Path

# The package that brings tables, and the table in which the last migration is noted.
_MIGRATIONS = {
    "airflow": "alembic_version",
    "airflow.providers.fab": "alembic_version_fab",
}


def pending() -> list[str]:
    """Return the migrations that have not run yet, first to last."""
    from alembic.script import ScriptDirectory
    from sqlalchemy import create_engine, inspect, text

    found = []
    engine = create_engine(os.environ["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"])
    with engine.connect() as connection:
        for package, table in _MIGRATIONS.items():
            spec = importlib.util.find_spec(package)
            folder = Path(spec.origin).parent / "migrations" if spec and spec.origin else None
            if folder is None or not folder.is_dir():
                continue
            seen = "base"
            if inspect(connection).has_table(table):
                seen = connection.execute(text(f"SELECT version_num FROM {table}")).scalar() or seen  # noqa: S608 # nosec B608
            script = ScriptDirectory(str(folder))
            if seen != "base" and seen not in {revision.revision for revision in script.walk_revisions()}:
                found.append(f"{package}: the database is at {seen}, which this version does not know")
                continue
            steps = reversed(list(script.iterate_revisions("heads", seen)))
            found += [f"{package} {step.revision}: {(step.doc or '').strip().splitlines()[0]}" for step in steps]
    return found


def settings(env_file: Path) -> list[str]:
    """Return what this version finds wrong with *env_file*."""
    from airfleet.config.errors import AirfleetError
    from airfleet.config.settings import load

    try:
        load(env_file)
    except AirfleetError as error:
        return list(error.problems)
    return []


def patches() -> dict[str, list[str]]:
    """Return the changes to Airflow that this version has, with the sources that keep each from being applied."""
    from airfleet.runtime.patches import digests
    from airfleet.runtime.patches.registry import PATCHES

    return {patch.name: digests.differing(patch.sources) for patch in PATCHES}


if __name__ == "__main__":
    answer = {
        "airflow": version("apache-airflow-core"),
        "pending": pending(),
        "settings": settings(Path(sys.argv[1])),
        "patches": patches(),
    }
    print(json.dumps(answer))
