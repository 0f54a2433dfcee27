-- One row per Dag: the longest delay in seconds, over 60, of a scheduled run that waits or started within 30 minutes.
-- A run that was due before the Dag's first run was queued is catching up: late by nature. So is a rerun.
SELECT r.dag_id, max(extract(epoch FROM coalesce(r.start_date, now()) - r.run_after)) AS delay_s
FROM dag_run r
JOIN dag d ON d.dag_id = r.dag_id AND NOT d.is_paused AND NOT d.is_stale
WHERE r.run_type = 'scheduled'
  AND r.clear_number = 0
  AND (r.state = 'queued' OR (r.run_after > now() - interval '2 days' AND r.start_date > now() - interval '30 minutes'))
  AND coalesce(r.start_date, now()) - r.run_after > interval '1 minute'
  AND r.run_after > (SELECT min(f.queued_at) FROM dag_run f WHERE f.dag_id = r.dag_id)
GROUP BY r.dag_id
