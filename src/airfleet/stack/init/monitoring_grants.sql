-- What the monitoring role may read of the metadata database: the columns that the exporter and Grafana's panels use.
-- Run as superuser after each migration; it takes away what an earlier version granted. Parameters: none.
GRANT USAGE ON SCHEMA public TO monitoring_reader;
-- It revokes grants of columns too.
REVOKE ALL ON ALL TABLES IN SCHEMA public FROM monitoring_reader;
GRANT SELECT (dag_id, is_paused, is_stale, max_active_tasks) ON dag TO monitoring_reader;
GRANT SELECT (id, clear_number, dag_id, queued_at, run_after, run_type, start_date, state) ON dag_run TO monitoring_reader;
GRANT SELECT (dagrun_id, deadline_alert_id, deadline_time, missed) ON deadline TO monitoring_reader;
GRANT SELECT (id, name) ON deadline_alert TO monitoring_reader;
GRANT SELECT (job_type, latest_heartbeat) ON job TO monitoring_reader;
GRANT SELECT (id, dag_id, event, map_index, run_id, task_id, try_number) ON log TO monitoring_reader;
-- The declared SLAs and limits are in the serialised Dags, and nowhere else.
GRANT SELECT (id, dag_id, created_at, data, data_compressed, last_updated) ON serialized_dag TO monitoring_reader;
GRANT SELECT (include_deferred, pool, slots) ON slot_pool TO monitoring_reader;
GRANT SELECT (id, dag_id, duration, end_date, hostname, map_index, next_method, pool, pool_slots, queue, queued_dttm,
    run_id, scheduled_dttm, start_date, state, task_id, try_number) ON task_instance TO monitoring_reader;
GRANT SELECT (ti_id, start_date) ON task_reschedule TO monitoring_reader;
GRANT SELECT (dag_id, duration, end_date, hostname, map_index, run_id, state, task_id, try_number)
    ON task_instance_history TO monitoring_reader;
-- Which XComs there are, without what is in them: the mark of a try that reported its own end is one.
GRANT SELECT (dag_id, key, map_index, run_id, task_id) ON xcom TO monitoring_reader;
