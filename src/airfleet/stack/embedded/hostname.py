"""The host name that a task records."""

import os


def hostname() -> str:
    """Return the loopback address of this process's role, for Airflow's `[core] hostname_callable`.

    The webserver fetches a running task's log from this name. Workers on one machine share its host name, so
    each has a loopback address of its own (AIRFLEET_HOSTNAME).
    """
    return os.environ["AIRFLEET_HOSTNAME"]
