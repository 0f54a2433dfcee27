"""The two engines, and which of them a checkout uses."""

from typing import cast

from airfleet.config.errors import AirfleetError
from airfleet.config.paths import Paths
from airfleet.config.settings import Settings
from airfleet.stack.docker import compose
from airfleet.stack.docker.stack import DockerStack
from airfleet.stack.embedded.stack import EmbeddedStack
from airfleet.stack.protocol import Capability, RotatingStack, Stack, require

# A third engine is one entry: a class that implements protocol.Stack.
ENGINES: dict[str, type[DockerStack] | type[EmbeddedStack]] = {
    DockerStack.engine: DockerStack,
    EmbeddedStack.engine: EmbeddedStack,
}


def choose(settings: Settings, paths: Paths, asked: str | None = None) -> Stack:
    """Return the stack of this checkout.

    The engine is chosen at the first call, Docker where one answers, and recorded; *asked* overrides it. Raises
    AirfleetError rather than leave one engine's stack running beside the other's.
    """
    record = paths.state / "engine"
    found = record.read_text().strip() if record.exists() else None
    # One that was written by hand, or by another version, counts as none.
    recorded = found if found in ENGINES else None
    name = asked or recorded or (DockerStack.engine if compose.answers() else EmbeddedStack.engine)
    if recorded and name != recorded and _make(recorded, settings, paths).is_running():
        raise AirfleetError(
            f"This checkout's stack runs under the engine {recorded!r}. Stop it with ./airfleet down first;"
            f" each engine has its own data."
        )
    chosen = _make(name, settings, paths)
    if name != recorded:
        record.parent.mkdir(exist_ok=True)
        record.write_text(f"{name}\n")
    return chosen


def rotating(stack: Stack) -> RotatingStack:
    """Return *stack* as a RotatingStack; raises AirfleetError when its engine cannot do that."""
    require(stack, Capability.ROTATE)
    return cast(RotatingStack, stack)


def _make(name: str, settings: Settings, paths: Paths) -> Stack:
    if name not in ENGINES:
        raise AirfleetError(f"There is no engine {name!r}; there are {' and '.join(ENGINES)}.")
    return ENGINES[name](settings, paths)
