-- One row per task instance of a Dag that ended well: the Unix time, in seconds, of its end. Oldest first.
-- dag_id: the Dag; since: Unix time in seconds after which the ends lie.
SELECT extract(epoch FROM end_date)
FROM task_instance
WHERE dag_id = %(dag_id)s
  AND state = 'success'
  AND end_date > to_timestamp(%(since)s)
ORDER BY end_date
