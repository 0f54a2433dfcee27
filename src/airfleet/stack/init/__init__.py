"""Preparation before the first role starts, on both engines; safe at each start and twice at once."""

# Printed when only Airflow's tables remain to be made: roles that do not need them may start.
MIGRATING = "migrating the metadata database"
