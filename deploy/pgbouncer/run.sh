#!/bin/sh
# Starts PgBouncer for one database and one user, whose password comes by environment.
set -eu
umask 077
printf '"airflow_metadata" "%s"\n' "$METADATA_PASSWORD" >/tmp/users.txt
unset METADATA_PASSWORD
# Transactions share connections. Airflow prepares no statements with psycopg2, and takes its locks in transactions.
# One pool of 40 for all clients, well under Postgres' max_connections; up to 1000 clients can wait for a connection.
cat >/tmp/pgbouncer.ini <<'INI'
[databases]
airflow = host=postgres port=5432 dbname=airflow
[pgbouncer]
listen_addr = 0.0.0.0
listen_port = 6432
auth_type = scram-sha-256
auth_file = /tmp/users.txt
pool_mode = transaction
default_pool_size = 40
max_client_conn = 1000
ignore_startup_parameters = extra_float_digits
server_check_delay = 10
log_connections = 0
log_disconnections = 0
INI
exec pgbouncer /tmp/pgbouncer.ini
