"""Which versions the changes were made and measured for."""

import logging
from importlib import metadata

log = logging.getLogger(__name__)

AIRFLOW = ("apache-airflow-core", "3.3.2")
CADWYN = ("cadwyn", "7.0.0")
CELERY = ("celery", "5.6.3")
FAB = ("apache-airflow-providers-fab", "3.10.2")
FASTAPI = ("fastapi", "0.136.3")
SQLALCHEMY = ("sqlalchemy", "2.1.9")
STARLETTE = ("starlette", "1.10.0")

# By the name of the package that is imported.
KNOWN = {"airflow": AIRFLOW, "fastapi": FASTAPI, "sqlalchemy": SQLALCHEMY}


def fits(known: tuple[str, str], change: str) -> bool:
    """Return whether the installed package has the *known* version; warn that *change* is left out otherwise."""
    package, version = known
    found = metadata.version(package)
    if found == version:
        return True
    log.warning("%s is left out: it was made for %s %s, and %s is installed.", change, package, version, found)
    return False
