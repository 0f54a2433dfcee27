-- One row per paused Dag.
SELECT dag_id FROM dag WHERE is_paused AND NOT is_stale
