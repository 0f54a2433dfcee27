"""Old rows and logs: what the Dag airfleet_maintenance deletes, and the webserver's part in it.

Workers cannot reach the metadata database. So a task asks the webserver, which can, to clean it; how long rows are
kept is in the webserver's own environment, and nobody who asks can shorten it.
"""
