"""`python -m airfleet.stack.embedded.ahead api-server`: `airflow api-server`, its imports made while init is at work.

The webserver starts longest of all roles, and its start decides how long a first `up` takes. More than half of it is
imports (and with them, a model of each page's arguments and answers), for which no database has to be there; Airflow's
command begins with a look at the tables. So all that comes first, then the wait for init.
"""

import importlib
import sys
from contextlib import suppress
from pathlib import Path

from airfleet.stack.embedded import gate

# What `airflow api-server` imports before it serves. One that a new version lacks is one that it does not need.
MODULES = (
    "airflow.cli.commands.api_server_command",
    "airflow.api_fastapi.app",
    "airflow.api_fastapi.execution_api.routes",
    "airflow.api_fastapi.execution_api.versions",
    "airflow.api_fastapi.core_api.routes.public",
    "airflow.api_fastapi.core_api.routes.ui",
    "airflow.providers.fab.auth_manager.fab_auth_manager",
    "airflow.providers.fab.auth_manager.security_manager.override",
)


def load() -> None:
    """Import MODULES."""
    for module in MODULES:
        with suppress(ModuleNotFoundError):
            importlib.import_module(module)


def main() -> None:
    """Import, wait for init, and become Airflow's command."""
    load()
    gate.go_through(Path.cwd())
    from airflow.__main__ import main as airflow

    sys.argv = ["airflow", *sys.argv[1:]]
    airflow()


if __name__ == "__main__":
    main()
