"""Deleting old rows and logs: the work of the Dag airfleet_maintenance, and the webserver's part in it.

Workers cannot reach the metadata database, so a task requests the cleaning from the webserver. The retention time is in
the webserver's own environment, and a request cannot shorten it.
"""
