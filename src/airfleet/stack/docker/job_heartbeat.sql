-- Seconds since the newest heartbeat of one process, by the database's clock; no row when it has none.
-- Grain: one row. Parameters: job_type (Airflow's name of the kind of process), hostname (as Airflow wrote it).
SELECT extract(epoch FROM now() - max(latest_heartbeat))::float8 AS age_seconds
FROM job
WHERE job_type = %(job_type)s AND hostname = %(hostname)s AND state = 'running'
HAVING max(latest_heartbeat) IS NOT NULL;
