"""Do once, before a fork, what each process would do again after it: in a worker for its tasks, in a dag-processor for
each Dag file.

The processes go on to do it themselves where it fails here. Plugins are part of it, so a worker takes a changed plugin
up when it starts anew, as every other role does.

Measured in a profile of a worker in a burst of tasks that do nothing: loading plugins and what they import was 13 % of
its CPU seconds, other imports 4 %, reading the certificates of public authorities 4 % until each pool process had its
own copy of them.
"""

import gc
import importlib
import logging
from collections.abc import Callable, Iterable
from functools import partial

from airfleet.runtime.patches.patch import DAG_PROCESSOR, WORKER, Patch

log = logging.getLogger(__name__)

# What nearly every Dag file asks for.
DAG_MODULES = (
    "airflow.dag_processing.bundles.local",
    "airflow.dag_processing.dagbag",
    "airflow.providers.standard.decorators.python",
    "airflow.sdk.definitions.asset.metadata",
    "airflow.sdk.definitions.connection",
    "airflow.sdk.definitions.decorators",
    "airflow.sdk.definitions.decorators.condition",
    "airflow.sdk.definitions.decorators.setup_teardown",
    "airflow.sdk.definitions.decorators.task_group",
)
# What telling the Dags of a file asks for: which of their tasks wait for, or start, another Dag.
SERIALIZING_MODULES = (
    "airflow.providers.standard.operators.trigger_dagrun",
    "airflow.providers.standard.sensors.external_task",
)
TASK_MODULES = (
    "airflow.sdk.execution_time.supervisor",
    "airflow.sdk.execution_time.task_runner",
    # What a pool process does first: its log, and a request to the kernel to end it with its parent.
    "celery.app.log",
    "cffi.cparser",
)


def for_parsing() -> None:
    """Do what reading a Dag file, and telling what is in it, needs; what cannot be done is named in the log."""
    _for_dag_files()
    _import(SERIALIZING_MODULES)


def for_tasks() -> None:
    """Do what running a task needs, which begins with reading its Dag file."""
    _for_dag_files()
    _import(TASK_MODULES)
    _attempt("finding what providers bring for assets", _asset_handlers)
    _attempt("reading certificates", _certificates)
    _attempt("mapping Celery's results", _results)


def freeze() -> None:
    """Keep the garbage collection of forks from writing to what is loaded by now, so that they go on sharing its pages.

    Airflow does so too, but before anything is loaded here, and undoes it when the worker is ready; the main process
    forks again for each pool process that it replaces.
    """
    from celery.signals import worker_ready

    gc.collect()
    gc.freeze()
    worker_ready.connect(_freeze_again, weak=False)


def _freeze_again(**_: object) -> None:
    gc.freeze()


def _for_dag_files() -> None:
    _import(DAG_MODULES)
    _attempt("loading plugins", _plugins)


def _import(modules: Iterable[str]) -> None:
    for module in modules:
        _attempt(f"importing {module}", partial(importlib.import_module, module))


def _attempt(what: str, action: Callable[[], object]) -> None:
    try:
        action()
    except Exception:
        log.warning("Not done before the fork: %s. Each process does it.", what, exc_info=True)


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


def _results() -> None:
    from celery.backends.database.models import Task
    from sqlalchemy.orm import configure_mappers

    configure_mappers()
    # The first of its kind makes what all others use.
    Task("none")


PATCH = Patch(
    name="preload",
    group="fork",
    roles=(WORKER, DAG_PROCESSOR),
    what="A worker and a dag-processor import and load once, before they fork, what each task or parse needs.",
    gain="21 % of a worker's CPU seconds in a burst: plugins 13 %, other imports 4 %, certificates 4 % (2026-11-23);"
    " and 60 MiB of an idle worker, whose forks go on sharing what is loaded (2026-11-28).",
    risk="A worker takes a changed plugin up when it starts again, as every other role does.",
    upstream="Load plugins, the task runner and what most Dag files import before the fork.",
)
