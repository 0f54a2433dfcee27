-- One row per Dag and state of Dag runs that have not ended.
SELECT dag_id, state, count(*) AS runs
FROM dag_run
WHERE state IN ('queued', 'running')
GROUP BY dag_id, state
