"""The webserver's page for maintenance tasks, and the request to it.

Both sides hold [api] secret_key, as they do for task logs: a request carries a token that is signed with it, for this
use only, and valid for a minute.
"""

import os
import time
from subprocess import CalledProcessError
from typing import Any
from urllib.parse import urljoin

import httpx
import jwt
from airflow.configuration import conf
from fastapi import FastAPI, HTTPException, Request

PREFIX = "/airfleet/maintenance"
# Variables of these names, as AIRFLOW_VAR_...; the webserver reads those in its own environment.
METADATA_DAYS, LOG_DAYS = "metadata_retention_days", "log_retention_days"
_ALGORITHM = "HS512"
_GOOD_FOR_S = 60
# The first cleaning of a large database takes long.
_TIMEOUT_S = 3600.0


def app() -> FastAPI:
    """Return the page: POST /database, with the parameter `dry_run`."""
    # A task only sends the request and does not need this.
    from airfleet.runtime.maintenance import old_rows

    made = FastAPI(openapi_url=None)

    @made.post("/database")
    def clean_database(request: Request, dry_run: bool = True) -> dict[str, Any]:
        _check(request.headers.get("authorization", ""))
        try:
            return old_rows.clean(int(os.environ[f"AIRFLOW_VAR_{METADATA_DAYS.upper()}"]), dry_run=dry_run)
        except CalledProcessError as error:
            raise HTTPException(500, f"airflow db clean failed: {error.stderr[-2000:]}") from error

    return made


def ask_to_clean(*, dry_run: bool) -> dict[str, Any]:
    """Make the webserver clean its database, and return the result of `old_rows.clean`.

    Raises RuntimeError with the webserver's message when it failed.
    """
    webserver = urljoin(conf.get("core", "execution_api_server_url"), "/")
    token = jwt.encode({"aud": PREFIX, "exp": time.time() + _GOOD_FOR_S}, _secret(), algorithm=_ALGORITHM)
    answer = httpx.post(
        urljoin(webserver, f"{PREFIX}/database"),
        params={"dry_run": dry_run},
        headers={"Authorization": f"Bearer {token}"},
        timeout=_TIMEOUT_S,
    )
    if answer.is_error:
        raise RuntimeError(f"The webserver answered {answer.status_code}: {answer.text}")
    found: dict[str, Any] = answer.json()
    return found


def _check(authorization: str) -> None:
    kind, _, token = authorization.partition(" ")
    try:
        jwt.decode(token, _secret(), algorithms=[_ALGORITHM], audience=PREFIX, options={"require": ["exp", "aud"]})
    except jwt.InvalidTokenError as error:
        raise HTTPException(403, "Only a maintenance task may ask for this.") from error
    if kind != "Bearer":
        raise HTTPException(403, "Only a maintenance task may ask for this.")


def _secret() -> str:
    secret: str = conf.get_mandatory_value("api", "secret_key")
    return secret
