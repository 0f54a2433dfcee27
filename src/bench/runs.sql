-- Runs of several Dags: how many succeeded and failed, and the seconds from the first start to the last end.
-- Parameters: dag_ids, run_ids.
SELECT count(*) FILTER (WHERE state = 'success'),
       count(*) FILTER (WHERE state = 'failed'),
       extract(epoch FROM max(end_date) - min(start_date))
FROM dag_run
WHERE dag_id IN %(dag_ids)s AND run_id IN %(run_ids)s
