-- How long the tasks of a Dag's newest run waited between being queued and running: median and longest, in seconds.
-- Parameters: dag_id.
SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM task.start_date - task.queued_dttm)),
       max(extract(epoch FROM task.start_date - task.queued_dttm))
FROM task_instance AS task
WHERE task.dag_id = %(dag_id)s
  AND task.run_id = (SELECT run_id FROM dag_run WHERE dag_id = %(dag_id)s ORDER BY id DESC LIMIT 1)
