"""What Celery writes of a task's arguments into events, which Flower and whoever reads the broker's events see.

Airflow hands a task over as one argument, a JSON text that begins with the task's token for the Execution API; 1024
characters of it went into every event. Nobody needs them: Airflow's own pages say which task it is.
"""

from celery.app.amqp import AMQP

# Leaves "(, ...,)".
_CHARACTERS = 1


def install(amqp: type[AMQP]) -> None:
    """Cut the arguments off that *amqp* describes in a message's headers and in the event of its sending."""
    amqp.argsrepr_maxsize = _CHARACTERS
