"""Do in a worker's main process, once, what every task's process would do again after its fork.

Task processes go on to do it themselves where it fails here. Plugins are part of it, so a worker takes a changed plugin
up when it starts anew, as every other role does.

Measured in a profile of a worker in a burst of tasks that do nothing: loading plugins and what they import was 13 % of
its CPU seconds, other imports 4 %, reading the certificates of public authorities 4 % until each pool process had its
own copy of them.
"""

import importlib
import logging
from collections.abc import Callable
from functools import partial

log = logging.getLogger(__name__)

MODULES = (
    "airflow.dag_processing.bundles.local",
    "airflow.dag_processing.dagbag",
    "airflow.providers.standard.decorators.python",
    "airflow.sdk.definitions.asset.metadata",
    "airflow.sdk.definitions.connection",
    "airflow.sdk.definitions.decorators",
    "airflow.sdk.definitions.decorators.condition",
    "airflow.sdk.definitions.decorators.setup_teardown",
    "airflow.sdk.definitions.decorators.task_group",
    "airflow.sdk.execution_time.task_runner",
)


def load() -> None:
    """Do all of it; what cannot be done is named in the log."""
    for module in MODULES:
        _attempt(f"importing {module}", partial(importlib.import_module, module))
    _attempt("loading plugins", _plugins)
    _attempt("finding what providers bring for assets", _asset_handlers)
    _attempt("reading certificates", _certificates)


def _attempt(what: str, action: Callable[[], object]) -> None:
    try:
        action()
    except Exception:
        log.warning("Not done before the fork: %s. Each task does it.", what, exc_info=True)


def _plugins() -> None:
    from airflow.sdk.listener import get_listener_manager
    from airflow.sdk.plugins_manager import integrate_macros_plugins

    get_listener_manager()
    integrate_macros_plugins()


def _asset_handlers() -> None:
    from airflow.sdk.providers_manager_runtime import ProvidersManagerTaskRuntime

    _ = ProvidersManagerTaskRuntime().asset_uri_handlers


def _certificates() -> None:
    from airflow.sdk.api import client

    client.Client._get_ssl_context_cached(client.API_SSL_CA_FILE_PATH, client.API_SSL_CERT_PATH)
