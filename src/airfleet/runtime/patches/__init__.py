"""Changes to the code of Airflow, Celery and the libraries under them, each an entry of `registry`.

`hook` applies a change as the module that it changes is imported: in the roles that need it, where AIRFLEET_PATCHES in
.env asks for it, and only where the installed source is the one that the change was written for. docs/patches.md lists
them all.
"""
