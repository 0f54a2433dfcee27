-- One row per audit log entry after %(after)s that ends a try, oldest first.
-- archived: the try is in the history, as every try is whose process itself asked for the next one.
-- said_end: the process said at its end that it failed (the mark the listener leaves, see airfleet.sla.listener).
-- lost: the scheduler gave the try up before.
SELECT l.id,
       l.dag_id,
       l.task_id,
       l.event,
       EXISTS (
           SELECT 1
             FROM task_instance_history h
            WHERE h.dag_id = l.dag_id AND h.task_id = l.task_id AND h.run_id = l.run_id
              AND h.map_index = coalesce(l.map_index, -1) AND h.try_number = l.try_number
       ) AS archived,
       EXISTS (
           SELECT 1
             FROM xcom x
            WHERE x.dag_id = l.dag_id AND x.task_id = l.task_id AND x.run_id = l.run_id
              AND x.map_index = coalesce(l.map_index, -1) AND x.key = %(mark)s || l.try_number
       ) AS said_end,
       EXISTS (
           SELECT 1
             FROM log o
            WHERE o.dag_id = l.dag_id AND o.task_id = l.task_id AND o.run_id = l.run_id
              AND coalesce(o.map_index, -1) = coalesce(l.map_index, -1)
              AND o.event IN ('heartbeat timeout', 'state mismatch')
              AND o.id BETWEEN l.id - 10000 AND l.id
       ) AS lost
FROM log l
WHERE l.id > %(after)s
  AND l.event IN ('success', 'failed', 'up_for_retry', 'skipped', 'heartbeat timeout', 'state mismatch')
  AND l.task_id IS NOT NULL
  AND l.try_number IS NOT NULL
ORDER BY l.id
LIMIT 50000
