-- One row per Dag, task, queue and state of unfinished task instances. Ages in seconds, of the oldest.
-- waiting_s: since it was queued. begun_s: since its try began; null where none has. A try that is deferred, is
-- rescheduled or waits for a person has begun, and so has one that is queued again after that.
-- Reads through the index on task_instance.state: the finished ones, which are the many, are not touched.
SELECT ti.dag_id,
       ti.task_id,
       coalesce(ti.queue, '') AS queue,
       ti.state,
       count(*) AS instances,
       max(ti.try_number) AS tries,
       max(extract(epoch FROM now() - ti.queued_dttm)) FILTER (WHERE ti.state = 'queued') AS waiting_s,
       max(extract(epoch FROM now() - coalesce(r.first_start, ti.start_date))) FILTER (
           WHERE ti.state IN ('running', 'restarting', 'deferred', 'up_for_reschedule', 'awaiting_input')
              OR (ti.state IN ('scheduled', 'queued') AND (r.first_start IS NOT NULL OR ti.next_method IS NOT NULL))
       ) AS begun_s
FROM task_instance ti
-- A try has an id of its own, so these are the reschedules of this try only.
LEFT JOIN LATERAL (SELECT min(tr.start_date) AS first_start FROM task_reschedule tr WHERE tr.ti_id = ti.id) r ON true
WHERE ti.state IN ('scheduled', 'queued', 'running', 'restarting', 'deferred', 'up_for_retry', 'up_for_reschedule',
                   'awaiting_input')
GROUP BY ti.dag_id, ti.task_id, coalesce(ti.queue, ''), ti.state
