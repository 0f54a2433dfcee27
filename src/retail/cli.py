"""The shop's commands: generate source files, load them, read the audit trail, correct quarantined rows."""

from __future__ import annotations

import dataclasses
import getpass
import json
import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import psycopg2
import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from retail import audit, ingest, marts, quarantine
from retail.errors import Verdict
from retail.generate import generate as generate_files
from retail.settings import Settings
from retail.warehouse import connection

app = typer.Typer(no_args_is_help=True, help=__doc__, pretty_exceptions_enable=False)
held = typer.Typer(no_args_is_help=True, help="Rows that the warehouse could not take.")
app.add_typer(held, name="quarantine")
_PIPED_COLUMNS = 220
# What a terminal would obey instead of showing.
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
Json = Annotated[bool, typer.Option("--json", help="Print JSON for a script.")]
EntityName = Annotated[str, typer.Argument(help="customers, products or transactions.")]


@contextmanager
def _warehouse() -> Iterator[connection]:
    url = os.environ.get("WAREHOUSE_URL") or os.environ.get("AIRFLOW_CONN_WAREHOUSE")
    if not url:
        raise Verdict("WAREHOUSE_URL is not set; it needs the loader's address of the warehouse database.")
    # Airflow writes postgres://, libpq reads both.
    conn = psycopg2.connect(url)
    try:
        yield conn
    finally:
        conn.close()


def _print(rows: list[dict[str, Any]], as_json: bool) -> None:
    if as_json:
        print(json.dumps(rows, default=str, indent=1))
        return
    table = Table(*(rows[0] if rows else ["nothing found"]))
    for row in rows:
        # As Text, since a value may hold what a table takes for markup.
        table.add_row(*(Text("" if value is None else _cell(value)) for value in row.values()))
    # Where no terminal says how wide it is, rich takes 80 columns, and names that one greps for break.
    Console(width=None if sys.stdout.isatty() else _PIPED_COLUMNS).print(table)


def _cell(value: Any) -> str:
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M:%S}"
    if hasattr(value, "quantize"):
        return f"{value:,.2f}"
    return _CONTROL.sub(lambda found: f"\\x{ord(found[0]):02x}", str(value))


@app.command()
def generate(
    scale: Annotated[int, typer.Option(min=1, help="Multiply the standard set of 60,495 rows.")] = 1,
    through: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Add a drop file a day, up to and including this day.")
    ] = None,
) -> None:
    """Write the shop's source files and a manifest of the defects planted in them."""
    settings = Settings.from_env()
    manifest = generate_files(settings.data_dir, scale=scale, through=through.date() if through else None)
    print(f"{len(manifest['files'])} files, {manifest['rows']:,} rows, {len(manifest['defects']):,} defects planted")


@app.command()
def load(as_json: Json = False) -> None:
    """Load every source file that is new or changed, and rebuild the marts."""
    settings = Settings.from_env()
    with _warehouse() as conn:
        found = ingest.validate_source(conn, settings)
        loaded = ingest.load(conn, settings, found.fresh, "by hand")
        built = marts.refresh_all(conn, "by hand") if loaded.files else []
    facts = dataclasses.asdict(loaded) | {"files": len(loaded.files), "marts": sum(mart.rows for mart in built)}
    _print([facts], as_json)


@app.command("audit")
def show_audit(
    dag: Annotated[str | None, typer.Option(help="Only this Dag.")] = None,
    run: Annotated[str | None, typer.Option(help="Only this Dag run.")] = None,
    outcome: Annotated[str | None, typer.Option(help="Only success, verdict, error or unfinished.")] = None,
    count: Annotated[int, typer.Option(min=1, help="How many tries, newest first.")] = 50,
    as_json: Json = False,
) -> None:
    """Show the audit trail: one row per task try, failures included."""
    with _warehouse() as conn:
        rows = audit.tries(conn, dag_id=dag, run_id=run, outcome=outcome, count=count)
    if not as_json:
        # A table has to fit a terminal; JSON has it all.
        rows = [
            {
                "started": row["started_at"],
                "task": f"{row['dag_id']}\n{row['task_id']}",
                "try": row["try_number"],
                "outcome": row["outcome"],
                "seconds": row["seconds"],
                "rows in": row["rows_in"],
                "rows out": row["rows_out"],
                "source": (row["source_sha256"] or "")[:8],
                "message": (row["message"] or "")[:80],
            }
            for row in rows
        ]
    _print(rows, as_json)


@held.command("list")
def list_held(as_json: Json = False) -> None:
    """Count the quarantined rows by check."""
    with _warehouse() as conn:
        rows = quarantine.summary(conn)
    _print([dict(zip(("entity", "check", "reason", "rows"), row, strict=True)) for row in rows], as_json)


@held.command("export")
def export_held(
    entity: EntityName,
    path: Annotated[Path, typer.Argument(help="The CSV file to write.")],
    check: Annotated[str | None, typer.Option(help="Only rows that this check holds back.")] = None,
) -> None:
    """Write quarantined rows to a CSV file, to be corrected there."""
    with _warehouse() as conn:
        count = quarantine.export(conn, quarantine.entity_of(entity), path, check)
    print(
        f"{count:,} rows of {entity} in {path}. Correct them there and run:\n"
        f"{_program_name()} quarantine replay {entity} {path}"
    )


@held.command("replay")
def replay_held(entity: EntityName, path: Annotated[Path, typer.Argument(help="The corrected CSV file.")]) -> None:
    """Put corrected rows in the place of the quarantined ones, and decide on them again."""
    with _warehouse() as conn:
        done = quarantine.replay(conn, quarantine.entity_of(entity), path, getpass.getuser())
    print(f"{done.rows:,} rows corrected, {done.held:,} of them still in quarantine; load {done.version}")


def _program_name() -> str:
    return os.environ.get("PROGRAM_NAME", "python -m retail")


def main() -> None:
    try:
        app(prog_name=_program_name())
    except (Verdict, psycopg2.OperationalError) as error:
        print(f"retail: {error}", file=sys.stderr)
        sys.exit(1)
    except OSError as error:
        print(f"retail: {error.filename}: {error.strerror}. Name a file in the data folder instead.", file=sys.stderr)
        sys.exit(1)
