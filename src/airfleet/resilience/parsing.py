"""Shows Dag files whose parsing ended without a word: one that crashes the interpreter, eats the memory or hangs.

Airflow parses each file in a process of its own, so the others go on. But it keeps an import error only when that
process lives to report it; of one that was killed there is a line in the dag-processor's log, and the UI shows the
file's Dags as if nothing had happened. Here such an end becomes an import error like any other.

An Airflow plugin registers this module as a listener of components that start.
"""

from __future__ import annotations

import functools
import signal
import sys
from collections.abc import Callable
from typing import Any

from airflow.listeners import hookimpl

_NEXT_STEP = "Run ./airfleet check to see what it does."


@hookimpl  # type: ignore[untyped-decorator]
def on_starting(component: Any) -> None:
    """Change the dag-processor when this process is one."""
    # A job that starts does not know its kind yet; no other role loads this module.
    if "airflow.cli.commands.dag_processor_command" in sys.modules:
        install()


@functools.cache
def install() -> None:
    """Let this process's dag-processor show every file that it could not parse; once."""
    from airflow.dag_processing.manager import DagFileProcessorManager as Manager

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
