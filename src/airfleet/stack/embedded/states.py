"""The state of every process of the embedded stack, for `status`."""

from collections.abc import Iterable

import psutil

from airfleet.config.settings import Settings
from airfleet.stack.embedded import monitoring_servers
from airfleet.stack.embedded.health import Health
from airfleet.stack.embedded.instances import Instance
from airfleet.stack.embedded.process_manager import ProcessState
from airfleet.stack.protocol import InstanceState
from airfleet.stack.roles import WORKER


def look(found: Iterable[ProcessState], wanted: Iterable[Instance], settings: Settings) -> list[InstanceState]:
    """Return health, memory and slots of every process of *found*; servers first, roles in the order of *wanted*."""
    health = Health(settings)
    by_name = {instance.name: instance for instance in wanted}
    states = [_look(process, by_name.get(process.name), health, settings) for process in found]
    order = ["postgres", "redis", *by_name, *monitoring_servers.NAMES]
    return sorted(states, key=lambda s: order.index(s.name) if s.name in order else len(order))


def _look(process: ProcessState, instance: Instance | None, health: Health, settings: Settings) -> InstanceState:
    worker = health.workers().get(process.name) if instance and instance.role is WORKER else None
    running = process.state == "RUNNING"
    return InstanceState(
        name=process.name,
        state=process.state.lower(),
        healthy=running
        and (instance is None or health.is_healthy(instance))
        and (process.name not in monitoring_servers.NAMES or monitoring_servers.is_healthy(process.name, settings)),
        pid=process.pid,
        uptime_s=process.uptime_s,
        memory_bytes=_memory_bytes(process.pid) if process.pid else 0,
        slots=worker.slots if worker else None,
        running=worker.running if worker else None,
    )


def _memory_bytes(pid: int) -> int:
    try:
        parent = psutil.Process(pid)
        family = [parent, *parent.children(recursive=True)]
    except psutil.Error:
        return 0
    return sum(pss_bytes(process) for process in family)


def pss_bytes(process: psutil.Process) -> int:
    """Return the proportional set size of *process*; 0 for one that has ended."""
    try:
        return int(process.memory_full_info().pss)
    except psutil.Error:
        return 0
