-- At most one row: the task instance that has waited longest, and what its pool and its Dag allow. Age in seconds.
-- pool_free: slots of the pool that nothing takes (-1: no such pool). dag_active: its run's instances that count against
-- max_active_tasks.
SELECT ti.dag_id,
       ti.task_id,
       coalesce(ti.queue, '') AS queue,
       ti.state,
       ti.pool_slots,
       extract(epoch FROM now() - coalesce(ti.scheduled_dttm, ti.queued_dttm)) AS age_s,
       coalesce(p.slots, 0) AS pool_size,
       (SELECT coalesce(sum(o.pool_slots), 0)
          FROM task_instance o
         WHERE o.pool = ti.pool
           AND (o.state IN ('queued', 'running', 'restarting')
                OR (o.state = 'deferred' AND p.include_deferred))) AS pool_taken,
       d.max_active_tasks,
       (SELECT count(*)
          FROM task_instance o
         WHERE o.dag_id = ti.dag_id AND o.run_id = ti.run_id AND o.state IN ('queued', 'running', 'restarting')) AS run_active,
       (SELECT count(*)
          FROM task_instance o
         WHERE o.dag_id = ti.dag_id AND o.task_id = ti.task_id AND o.state IN ('queued', 'running', 'restarting')) AS task_active,
       (SELECT count(*)
          FROM task_instance o
         WHERE o.dag_id = ti.dag_id AND o.run_id = ti.run_id AND o.task_id = ti.task_id
           AND o.state IN ('queued', 'running', 'restarting')) AS task_active_in_run
FROM task_instance ti
JOIN dag d ON d.dag_id = ti.dag_id
LEFT JOIN slot_pool p ON p.pool = ti.pool
WHERE ti.state IN ('scheduled', 'queued')
ORDER BY coalesce(ti.scheduled_dttm, ti.queued_dttm), ti.dag_id, ti.task_id
LIMIT 1
