"""Prepare the shop: `python -m retail.first_run` makes the warehouse's tables and the source files where absent.

Reads WAREHOUSE_URL (the loader), WAREHOUSE_ADMIN_URL (the server's administrator on the same
database, needed once for the audit trail, which the loader must not own) and RETAIL_DATA_DIR. Safe at every
start and twice at once; silent when there is nothing to do.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping

import psycopg2

from retail import generate, warehouse
from retail.errors import Verdict
from retail.generate.standard import is_present
from retail.settings import Settings
from retail.warehouse import Lock


def prepare(env: Mapping[str, str]) -> list[str]:
    """Create what is missing and return a line for each step."""
    url = env.get("WAREHOUSE_URL")
    if not url:
        raise Verdict("WAREHOUSE_URL is not set; it needs the loader's address of the warehouse database.")
    settings = Settings.from_env(env)
    done = []
    if admin_url := env.get("WAREHOUSE_ADMIN_URL"):
        admin = psycopg2.connect(admin_url)
        try:
            warehouse.prepare_audit(admin)
        finally:
            admin.close()
    conn = psycopg2.connect(url)
    try:
        done += [f"warehouse: {name}" for name in warehouse.migrate(conn)]
        # Two processes at once must not write the same files: the second one waits, and then finds them.
        with warehouse.transaction(conn, Lock.SCHEMA) as cur:
            if warehouse.one(cur, "SELECT to_regclass('audit.events')") is None:
                raise Verdict(
                    "The warehouse has no audit trail. Set WAREHOUSE_ADMIN_URL to the administrator's address "
                    "of the warehouse database once; the loader must not own the trail."
                )
            if not is_present(settings.data_dir):
                manifest = generate.generate(settings.data_dir)
                done.append(f"source files: {len(manifest['files'])} with {manifest['rows']:,} rows")
    finally:
        conn.close()
    return done


def main() -> int:
    try:
        for sentence in prepare(os.environ):
            print(f"shop: {sentence}")
    except (Verdict, psycopg2.OperationalError) as error:
        print(f"shop: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
