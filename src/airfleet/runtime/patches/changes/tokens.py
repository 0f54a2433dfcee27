"""What Celery writes of a task's arguments into events, which Flower and whoever reads the broker's events see.

Airflow hands a task over as one argument, a JSON text that begins with the task's token for the Execution API; 1024
characters of it went into every event. Nobody needs them: Airflow's own pages say which task it is.
"""

from typing import Any

from airfleet.runtime.patches.patch import SAFETY, SCHEDULER, Patch

# Leaves "(, ...,)".
_CHARACTERS = 1


def change(module: Any) -> None:
    """Cut the arguments off that Celery's *module* describes in a message's headers and the event of its sending."""
    module.AMQP.argsrepr_maxsize = _CHARACTERS


PATCH = Patch(
    name="tokens",
    group=SAFETY,
    roles=(SCHEDULER,),
    what="Celery's events and message headers do not quote a task's arguments, which begin with its token.",
    gain="Whoever reads events, as Flower does, sees no token of a live task.",
    risk="None known: nothing reads the quoted arguments.",
    upstream="Let the executor give apply_async an argsrepr of its own.",
    # Wherever the attribute is: a test that reads the events says whether it still works.
    replaces=("celery.app.amqp:AMQP.argsrepr_maxsize",),
    change=change,
)
