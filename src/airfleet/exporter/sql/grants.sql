-- What the exporter's and Grafana's role may read of the metadata database: no connections, variables, users
-- or XCom values. Run as the owner, after the role was made and `airflow db migrate` has run; safe to repeat.
-- pg_monitor shows the ages of other sessions' transactions.
GRANT USAGE ON SCHEMA public TO airfleet_exporter;
GRANT SELECT ON task_instance, task_instance_history, slot_pool, deadline, serialized_dag, dag
    TO airfleet_exporter;
GRANT SELECT (id, name, interval, serialized_dag_id) ON deadline_alert TO airfleet_exporter;
GRANT SELECT (id, dag_id, run_id, state, run_type, queued_at, start_date, end_date, run_after, logical_date)
    ON dag_run TO airfleet_exporter;
GRANT SELECT (id, dttm, dag_id, task_id, run_id, map_index, try_number, event) ON log TO airfleet_exporter;
GRANT SELECT (dag_id, run_id, task_id, map_index, key) ON xcom TO airfleet_exporter;
GRANT pg_monitor TO airfleet_exporter;
