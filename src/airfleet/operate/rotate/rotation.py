"""Rotating the secrets of a running stack, in steps that can be interrupted anywhere.

Until `.env` is replaced nothing has changed, and `up` starts what was stopped. After that, the remaining steps are
repeated until all of them are done.
"""

import redis

from airfleet.config import settings as settings_file
from airfleet.config.env_file import GENERATORS
from airfleet.config.paths import Paths
from airfleet.operate.rotate import kept, plan
from airfleet.operate.rotate.drain import drain
from airfleet.operate.rotate.plan import Plan
from airfleet.stack.engines import choose, rotating
from airfleet.stack.init.rotated import Rotated
from airfleet.stack.protocol import RotatingStack, Say
from airfleet.stack.roles import WORKER


def prepare(stack: RotatingStack, keys: list[str]) -> tuple[dict[str, str], Plan]:
    """Return new values for *keys* and the plan for them; changes nothing."""
    values = {key: GENERATORS[key]() for key in keys}
    return values, plan.make(stack, keys, plan.with_values(stack.settings, values))


def begin(stack: RotatingStack, values: dict[str, str], made: Plan, say: Say) -> None:
    """Put *values* into .env when the affected tasks have finished.

    Raises AirfleetError, with nothing changed, when tasks do not end in time.
    """
    try:
        if made.concerns_tasks:
            drain(stack, say)
        kept.replace(stack.paths, values)
    except BaseException:
        if not kept.is_unfinished(stack.paths):
            say("continuing with the earlier secrets")
            stack.up(stack.counts(), say)
        raise


def complete(paths: Paths, say: Say) -> frozenset[str]:
    """Bring the secrets of .env into servers and roles, after any number of earlier attempts; return their keys."""
    before, after = settings_file.load(kept.before(paths)), settings_file.load(paths.env_file)
    keys = plan.changed(before, after)
    stack = rotating(choose(after, paths))
    counts = stack.counts()
    if stack.is_running():
        made = plan.make(rotating(choose(before, paths)), keys, after)
        # After an interruption roles may run again, with the new secrets. None can run with the earlier ones, as all
        # tasks had ended before .env was replaced.
        if made.concerns_tasks and _takes_password(stack):
            drain(stack, say)
        # Workers first, because an ending task still reports to the webserver; Redis, which all need, with the
        # processes that `up` restarts.
        workers = [name for name in made.restarts if name.startswith(WORKER.name)]
        stack.stop(workers, say)
        stack.stop([name for name in made.restarts if name not in (*workers, "redis")], say)
    stack.up(counts, say, Rotated.between(before, keys))
    kept.forget(paths)
    return keys


def _takes_password(stack: RotatingStack) -> bool:
    host, port = stack.addresses.redis
    password = stack.settings.redis_password.get_secret_value()
    client = redis.Redis(host, port, username="airflow", password=password, socket_timeout=5)
    try:
        return bool(client.ping())
    except redis.RedisError:
        return False
    finally:
        client.close()
