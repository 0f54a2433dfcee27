-- What the monitoring role may read of the metadata database: states and times, never secrets or payloads.
-- Run by the owner of the tables after each migration. Parameters: none.
GRANT USAGE ON SCHEMA public TO monitoring_reader;
GRANT SELECT ON ALL TABLES IN SCHEMA public TO monitoring_reader;
REVOKE SELECT ON connection, variable, xcom, rendered_task_instance_fields, session,
    ab_user, ab_register_user FROM monitoring_reader;
-- Which XComs there are, without what is in them: the mark of a try that reported its own end is one.
GRANT SELECT (dag_id, run_id, task_id, map_index, key) ON xcom TO monitoring_reader;
