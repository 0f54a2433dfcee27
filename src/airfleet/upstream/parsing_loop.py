"""Let a dag-processor work in step with what there is to parse.

With nothing to parse it looks around every two seconds instead of every one. Each round asks the metadata database for
files that somebody wants parsed now and for callbacks. Those, new files and files that have become due are seen up to a
second later than before; results of files in work are not.

Files that have not changed are parsed again and again, as their Dags may depend on something else. Airflow does so
every `[dag_processor] min_file_process_interval` seconds, however many there are: a thousand of them took 1.47 cores at
30 s. Here that is the shortest interval, and it grows with the time that one parse of all files takes, up to five
minutes. A file that is new or changed is due at once, as ever.

Measured (2026-11-25) with twelve files, together with what preload and the weekly Dag no longer leave to each parse:
0.033 of a core become 0.026.
"""

from collections.abc import Callable, Iterable
from typing import Any

IDLE_S = 2.0
LONGEST_S = 300.0
# Of one core, for files that have not changed.
SHARE = 0.25


def install() -> None:
    """Change this process's dag-processor."""
    from airflow.configuration import conf
    from airflow.dag_processing.manager import DagFileProcessorManager as Manager

    shortest_s = conf.getfloat("dag_processor", "min_file_process_interval")
    Manager._service_processor_sockets = resting(Manager._service_processor_sockets)
    Manager.prepare_file_queue = pacing(Manager.prepare_file_queue, shortest_s)


def resting(service: Callable[..., None]) -> Callable[..., None]:
    """Return *service*, the loop's wait, with a longer one while no file is in work or in the queue.

    The loop asks for no wait at all after a round of more than a second, which this wait makes of each: that is not
    heeded while there is nothing to do.
    """

    def service_processor_sockets(self: Any, timeout: float) -> None:
        idle = not self._processors and not self._file_queue
        service(self, IDLE_S if idle else timeout)

    return service_processor_sockets


def pacing(prepare: Callable[..., None], shortest_s: float) -> Callable[..., None]:
    """Return *prepare*, which queues the files that are due, with an interval that fits how long they took to parse."""

    def prepare_file_queue(self: Any, known_files: Any) -> None:
        self._file_process_interval = interval_s(
            (s.last_duration or 0.0 for s in self._file_stats.values()), shortest_s
        )
        prepare(self, known_files)

    return prepare_file_queue


def interval_s(parsed_in_s: Iterable[float], shortest_s: float) -> float:
    """Return how long to leave a file that has not changed, when the last parse of each file took *parsed_in_s*.

    No longer than LONGEST_S, unless *shortest_s* is.
    """
    return max(shortest_s, min(LONGEST_S, sum(parsed_in_s) / SHARE))
