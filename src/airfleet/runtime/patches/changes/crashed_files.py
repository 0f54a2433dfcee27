"""Shows Dag files whose parsing ended without a word: one that crashes the interpreter, eats the memory or hangs.

Airflow parses each file in a process of its own, so the others go on. But it keeps an import error only when that
process lives to report it; of one that was killed there is a line in the dag-processor's log, and the UI shows the
file's Dags as if nothing had happened. Here such an end becomes an import error like any other.
"""

from __future__ import annotations

import functools
import signal
from collections.abc import Callable
from typing import Any

from airfleet.runtime.patches.patch import DAG_PROCESSOR, SAFETY, Patch

_NEXT_STEP = "Run ./airfleet check to see what it does."


def change(module: Any) -> None:
    """Let the dag-processor of Airflow's *module* show every file that it could not parse."""
    Manager = module.DagFileProcessorManager
    Manager.handle_parsing_result = showing_crashes(Manager.handle_parsing_result)
    Manager._kill_timed_out_processors = showing_timeouts(Manager._kill_timed_out_processors)


def showing_crashes(handle: Callable[..., None]) -> Callable[..., None]:
    """Return *handle* with a result made up for a process that ended without one."""

    @functools.wraps(handle)
    def handle_parsing_result(self: Any, file: Any, proc: Any, **keywords: Any) -> None:
        # A process that only ran callbacks has no result to give.
        if proc.parsing_result is None and not proc.had_callbacks:
            proc.parsing_result = failure(file, f"The process that parsed this file {how_it_ended(proc._exit_code)}.")
        handle(self, file, proc, **keywords)

    return handle_parsing_result


def showing_timeouts(kill: Callable[[Any], None]) -> Callable[[Any], None]:
    """Return *kill* with an import error for each process that it killed."""

    @functools.wraps(kill)
    def kill_timed_out_processors(self: Any) -> None:
        before = dict(self._processors)
        kill(self)
        for file in before.keys() - self._processors.keys():
            _show(self, file, f"Parsing this file took longer than {self.processor_timeout:g} s and was ended.")

    return kill_timed_out_processors


def how_it_ended(exit_code: int | None) -> str:
    """Return the end of a process as a part of a sentence; negative numbers are signals."""
    if exit_code is not None and exit_code < 0:
        name = signal.Signals(-exit_code).name
        return f"was ended by {name}" + (", as when memory runs out" if name == "SIGKILL" else "")
    return f"ended with status {exit_code} before it had a result"


def failure(file: Any, sentence: str) -> Any:
    """Return the result of a parse that found nothing but the error *sentence*."""
    from airflow.dag_processing.processor import DagFileParsingResult

    return DagFileParsingResult(
        fileloc=str(file.rel_path),
        serialized_dags=[],
        import_errors={str(file.rel_path): f"{sentence} {_NEXT_STEP}"},
    )


def _show(manager: Any, file: Any, sentence: str) -> None:
    from airflow.utils.session import create_session

    with create_session() as session:
        manager.persist_parsing_result(
            bundle_name=file.bundle_name,
            bundle_version=manager._bundle_versions[file.bundle_name],
            version_data=manager._bundle_version_data.get(file.bundle_name),
            parsing_result=failure(file, sentence),
            run_duration=manager.processor_timeout,
            relative_fileloc=str(file.rel_path),
            session=session,
        )


PATCH = Patch(
    name="crashed_files",
    group=SAFETY,
    roles=(DAG_PROCESSOR,),
    what="A Dag file whose parsing crashes, hangs or runs out of memory is shown as an import error.",
    gain="The file and the way in which it ended stand in the UI (docs/reliability.md); Airflow shows nothing.",
    risk="None known: where Airflow itself has a result, that one is kept.",
    upstream="Write an import error in handle_parsing_result and _kill_timed_out_processors when a process has no"
    " result.",
    replaces=(
        "airflow.dag_processing.manager:DagFileProcessorManager.handle_parsing_result",
        "airflow.dag_processing.manager:DagFileProcessorManager._kill_timed_out_processors",
    ),
    sources={
        "airflow.dag_processing.manager:DagFileProcessorManager.handle_parsing_result": "deb161b20157776c",
        "airflow.dag_processing.manager:DagFileProcessorManager._kill_timed_out_processors": "1de14f43a4a15d07",
        "airflow.dag_processing.manager:DagFileProcessorManager.persist_parsing_result": "69e31b330c3b46b5",
    },
    change=change,
)
