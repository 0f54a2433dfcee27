-- Roles and what they may connect to. Run by the superuser, outside a transaction for CREATE DATABASE,
-- which src/airfleet/stack/init/postgres.py does first. Parameters: none.

-- Every role may by default connect to every database, and create tables in `public`.
REVOKE CONNECT, TEMPORARY ON DATABASE airflow, airflow_results, warehouse, postgres, template1 FROM PUBLIC;
GRANT CONNECT, TEMPORARY ON DATABASE airflow TO airflow_metadata;
GRANT CONNECT ON DATABASE airflow TO monitoring_reader;
GRANT CONNECT, TEMPORARY ON DATABASE airflow_results TO airflow_results;
-- The loader makes schemas, but does not own the database: an owner could drop it, audit trail and all.
GRANT CONNECT, CREATE, TEMPORARY ON DATABASE warehouse TO warehouse_loader;
GRANT CONNECT, TEMPORARY ON DATABASE warehouse TO warehouse_reader;

-- Postgres' own statistics: connections, locks, sizes, statements.
GRANT pg_monitor TO monitoring_reader;

ALTER ROLE monitoring_reader SET default_transaction_read_only = on;
ALTER ROLE warehouse_reader SET default_transaction_read_only = on;
-- A forgotten query must not hold old rows, or a dashboard's connection, for ever.
ALTER ROLE monitoring_reader SET statement_timeout = '15s';
ALTER ROLE warehouse_reader SET statement_timeout = '5min';
