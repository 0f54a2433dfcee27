"""The functions of Airflow and Celery that airfleet.upstream changes, or builds on, are those it was made for.

When one of these fails after an upgrade: read the function again, see whether the change is still needed and still
right, measure its gain with `./airfleet bench`, and only then write the new digest down.
"""

import hashlib
import importlib
import inspect
from importlib import metadata

import pytest
from airflow.api_fastapi.execution_api.app import create_task_execution_api_app
from celery import Celery
from celery.app.amqp import AMQP
from fastapi import FastAPI
from fastapi.testclient import TestClient
from support.fresh_python import ask

from airfleet.upstream import guard, preload, tokens, webserver

FAB = "airflow.providers.fab.auth_manager.security_manager.override"
KNOWN = {
    # Where a supervisor waits, and who calls it (task_exit).
    "airflow.sdk.execution_time.supervisor:WatchedSubprocess._service_subprocess": "42a762c7c8aa4ea5",
    "airflow.sdk.execution_time.supervisor:WatchedSubprocess._check_subprocess_exit": "dc039d1f36e9b6cd",
    "airflow.sdk.execution_time.supervisor:ActivitySubprocess._monitor_subprocess": "02685b2380deaafd",
    # Who asks for a task's start and sends heartbeats, and what the start counts as (first_heartbeat).
    "airflow.sdk.execution_time.supervisor:ActivitySubprocess._on_child_started": "c1810e9d6d095987",
    "airflow.sdk.execution_time.supervisor:ActivitySubprocess._send_heartbeat_if_needed": "31f8f8772b8c6096",
    "airflow.api_fastapi.execution_api.routes.task_instances:ti_run": "d6a38ab41dd6f9ad",
    # Between what a task's turn is held, and that nothing in between keeps the process's open files (turns).
    "airflow.sdk.execution_time.supervisor:ActivitySubprocess.start": "3b7c00d9ab984ddf",
    "airflow.sdk.execution_time.supervisor:WatchedSubprocess.start": "bf0ee2e40b8558a6",
    "airflow.sdk.execution_time.task_runner:_execute_task": "bc0fbd9dbd3138f2",
    # The dag-processor's loop and its wait, what it takes for due, and how long a file took (parsing_loop).
    "airflow.dag_processing.manager:DagFileProcessorManager._run_parsing_loop": "95ec97abc767b66d",
    "airflow.dag_processing.manager:DagFileProcessorManager._service_processor_sockets": "060eadcb06a47352",
    "airflow.dag_processing.manager:DagFileProcessorManager.prepare_file_queue": "5960a78b19b87378",
    "airflow.dag_processing.manager:DagFileProcessorManager._sort_by_mtime": "d1598c3e900d15e9",
    "airflow.dag_processing.manager:process_parse_results": "dd2f0ab6a23250e6",
    # What telling a file's Dags imports (preload).
    "airflow.serialization.serialized_objects:_DependencyDetector.detect_task_dependencies": "c972d0b8551e3e48",
    # Who has a Dag's permissions made, and which (dag_permissions).
    "airflow.dag_processing.collection:_sync_dag_perms": "d7db9aa812b44ba7",
    "airflow.dag_processing.collection:_serialize_dag_capturing_errors": "1e620eb00e313c27",
    f"{FAB}:FabAirflowSecurityManagerOverride.sync_perm_for_dag": "10d1a96196ee1f70",
    "airflow.providers.fab.www.security.permissions:resource_name": "74e6015ba96602a0",
    # The loop that sleeps, and what it counts as something that happened (polling).
    "airflow.jobs.scheduler_job_runner:SchedulerJobRunner.__init__": "0d573124b75acc0f",
    "airflow.jobs.scheduler_job_runner:SchedulerJobRunner._run_scheduler_loop": "d7dd5578d64a9b0b",
    "airflow.jobs.scheduler_job_runner:SchedulerJobRunner._process_executor_events": "85a4ef0778daff7f",
    # What asks for the tasks to queue, and what it does with none (queueing).
    "airflow.jobs.scheduler_job_runner:SchedulerJobRunner._executable_task_instances_to_queued": "08b9caf1548e92e5",
    "airflow.jobs.scheduler_job_runner:SchedulerJobRunner._critical_section_enqueue_task_instances": "eddd399664e1c9eb",
    # What a signal to stop raises, in which loops, and where their rounds begin (stopping).
    "airflow.jobs.scheduler_job_runner:SchedulerJobRunner._exit_gracefully": "a386800c46c356f1",
    "airflow.jobs.scheduler_job_runner:SchedulerJobRunner.register_signals": "095251eb3ab019c0",
    "airflow.dag_processing.manager:DagFileProcessorManager._exit_gracefully": "fc1b0a7848a4e379",
    "airflow.dag_processing.manager:DagFileProcessorManager.register_exit_signals": "8f876a55583427ca",
    # Where a task's process builds validators (adapters), and what is done before the fork instead (preload).
    "airflow.sdk.execution_time.task_runner:_serialize_rendered_fields": "cacd37ff4beb125c",
    "airflow.sdk.execution_time.comms:CommsDecoder": "93919e4dc0bba905",
    # Engines and connections to the results, and how one is stored (results).
    "celery.backends.database.session:SessionManager": "e2baf46065d872f9",
    "celery.backends.database:DatabaseBackend._store_result": "5cff85473548c0df",
    "celery.backends.database:DatabaseBackend._update_result": "ff2adb336383e005",
    "celery.backends.base:Backend._get_result_meta": "d9963b772815ea48",
    "celery.backends.database.models:Task": "0c8e8c69e1a84a63",
    # What a worker forgets as it stops or loses Redis, and what then nobody counts (handover).
    "celery.concurrency.asynpool:AsynPool.flush": "7315a8aaaf155e0c",
    "celery.worker.consumer.consumer:Consumer.on_close": "44c736d6f82524ef",
    "billiard.pool:ResultHandler._make_methods": "9b6ed6767639fb61",
    "billiard.pool:Worker._ensure_messages_consumed": "2349f7e1103d1029",
    # What of a trigger is encrypted anew, and what of it may be plain (triggers).
    "airflow.models.trigger:Trigger.rotate_fernet_key": "7c8ec5adc22df9d5",
    "airflow.models.trigger:Trigger._decrypt_kwargs": "3d960c58d7bf9afb",
    # A triggerer's round, and what each part of it asks and changes (triggerer).
    "airflow.jobs.triggerer_job_runner:TriggerRunnerSupervisor.run_once": "11a9e2701a6b116a",
    "airflow.jobs.triggerer_job_runner:TriggerRunnerSupervisor.load_triggers": "1c55ebd398f71720",
    "airflow.jobs.triggerer_job_runner:TriggerRunnerSupervisor.clean_unused": "4f76e3bab54e6761",
    "airflow.jobs.triggerer_job_runner:TriggerRunnerSupervisor.update_triggers": "fadb502c2a646f39",
    "airflow.models.trigger:Trigger.assign_unassigned": "f4e0a55b23641293",
    "airflow.models.trigger:Trigger.get_sorted_triggers": "567ac27349098892",
    "airflow.models.trigger:Trigger.ids_for_triggerer": "196d158628bf2637",
    "airflow.models.trigger:Trigger.clean_unused": "16671a39f967f14c",
    # When Celery imports the worker's module, and who freezes and unfreezes around it (worker).
    "celery.loaders.base:BaseLoader.import_default_modules": "09943db13302bc65",
    "airflow.providers.celery.executors.celery_executor_utils:on_celery_import_modules": "0576805f4da4fb0d",
    "airflow.providers.celery.executors.celery_executor_utils:on_celery_worker_ready": "26d62a72207d2ff3",
    # What makes the Execution API's pages (api_versions), and who starts the scheduler's health page (health_page).
    "airflow.api_fastapi.execution_api.app:create_task_execution_api_app": "d1f969e0ef3c23cd",
    "cadwyn.structure.versions:VersionBundle.__init__": "73c8a5f2d1119b2d",
    "airflow.cli.commands.scheduler_command:_serve_health_check": "32748f6918f77444",
    "airflow.utils.scheduler_health:HealthServer": "904edc3a3d5412db",
    # What makes and uses the validator of an argument or answer of a page (page_fields).
    "fastapi._compat.v2:ModelField": "a614a294aaafb3fb",
    # What a middleware does around a page, and the middlewares that a task's call passes (middlewares).
    "starlette.middleware.base:BaseHTTPMiddleware.__call__": "a8390f3b9374199c",
    "airflow.api_fastapi.auth.middlewares.refresh_token:JWTRefreshMiddleware.dispatch": "b40f8c6967e7be0a",
    "airflow.api_fastapi.execution_api.app:CorrelationIdMiddleware": "ceb1fb9c1620ee4c",
    "airflow.api_fastapi.execution_api.app:JWTReissueMiddleware": "95bfac9615541e73",
    "cadwyn.middleware:VersionPickingMiddleware": "42d606b840037e7f",
    # Who writes the access log, and how (access_log).
    "airflow.api_fastapi.common.http_access_log:HttpAccessLogMiddleware.__call__": "9e70ab31574eded3",
    # All that needs libcst (source_trees).
    "airflow.sdk.definitions._internal.decorators:_TaskDecoratorRemover": "3559dd77a925e7d7",
    # The question that a connection is asked before its use, and who asks it (pings).
    "sqlalchemy.dialects.postgresql._psycopg_common:_PGDialect_common_psycopg.do_ping": "03ddcbc467e91339",
    "sqlalchemy.engine.default:DefaultDialect._do_ping_w_event": "89e25dbbee0dd72f",
    # What embedded/log_server.py checks in its place.
    "airflow.utils.serve_logs.log_server:JWTAuthStaticFiles": "34527fae7c32cfd9",
    "airflow.utils.serve_logs.log_server:create_app": "2c57968a21cf2e68",
}


@pytest.mark.parametrize("name", KNOWN)
def test_what_is_changed_upstream_is_what_it_was_made_for(name: str) -> None:
    module, _, path = name.partition(":")
    found = importlib.import_module(module)
    for part in path.split("."):
        found = getattr(found, part)
    assert hashlib.sha256(inspect.getsource(found).encode()).hexdigest()[:16] == KNOWN[name]


@pytest.mark.parametrize("known", [*guard.KNOWN.values(), guard.CADWYN, guard.CELERY, guard.FAB, guard.STARLETTE])
def test_the_installed_versions_are_those_that_the_changes_are_applied_to(known: tuple[str, str]) -> None:
    package, version = known
    assert metadata.version(package) == version


@pytest.mark.parametrize("module", (*preload.DAG_MODULES, *preload.SERIALIZING_MODULES, *preload.TASK_MODULES))
def test_every_preloaded_module_exists(module: str) -> None:
    assert importlib.import_module(module)


def test_no_event_of_celery_shows_a_tasks_token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(AMQP, "argsrepr_maxsize", AMQP.argsrepr_maxsize)
    workload = '{"token": "the-token-itself", "ti": {}}'

    def said() -> str:
        message = Celery().amqp.as_task_v2("id", "execute_workload", args=(workload,), create_sent_event=True)
        return f"{message.headers} {message.sent_event}"

    assert "the-token-itself" in said(), (
        "Celery keeps arguments out of events by itself: airfleet.upstream.tokens can go"
    )
    tokens.install(AMQP)
    assert "the-token-itself" not in said()


def test_a_pages_validators_are_made_when_they_are_first_used() -> None:
    page = """
        from fastapi import FastAPI
        from fastapi._compat.v2 import ModelField
        from fastapi.testclient import TestClient

        app = FastAPI()

        @app.get("/{number}")
        def doubled(number: int) -> int:
            return 2 * number

        (field,) = app.routes[-1].dependant.path_params
        before = "_type_adapter" in vars(field)
        answers = [TestClient(app).get(f"/{what}") for what in ("21", "x")]
        print(before, "_type_adapter" in vars(field), answers[0].json(), answers[1].status_code)
    """
    assert ask(page) == "False True 42 422"
    assert ask(page, changed=False) == "True True 42 422", (
        "FastAPI puts them off by itself: airfleet.upstream.page_fields can go"
    )


def test_a_webserver_makes_the_pages_for_tasks_before_it_answers() -> None:
    pages = create_task_execution_api_app()
    assert not pages._cadwyn_initialized, "Airflow makes them earlier by itself: airfleet.upstream.webserver can go"
    whole = FastAPI()
    whole.mount(webserver.MOUNT, pages)
    whole.add_middleware(webserver.ReadyFirst)
    with TestClient(whole):
        assert pages._cadwyn_initialized
