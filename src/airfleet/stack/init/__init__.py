"""What has to be there before the first role starts, on both engines; safe at each start and twice at once."""

# Said when all is made and checked but Airflow's tables: what needs none of them may start.
MIGRATING = "migrating the metadata database"
