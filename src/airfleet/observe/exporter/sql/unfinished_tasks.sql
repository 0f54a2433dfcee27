-- One row per Dag, task, queue and state of unfinished task instances. Ages in seconds, of the oldest.
-- Reads through the index on task_instance.state: the finished ones, which are the many, are not touched.
SELECT dag_id,
       task_id,
       coalesce(queue, '') AS queue,
       state,
       count(*) AS instances,
       max(try_number) AS tries,
       max(extract(epoch FROM now() - CASE state
           WHEN 'running' THEN start_date
           WHEN 'queued' THEN queued_dttm
           ELSE scheduled_dttm
       END)) AS age_s
FROM task_instance
WHERE state IN ('scheduled', 'queued', 'running', 'restarting', 'deferred', 'up_for_retry', 'up_for_reschedule')
GROUP BY dag_id, task_id, coalesce(queue, ''), state
