-- One Dag run: its state, its tasks that succeeded, and the seconds from its start to the end of its last task.
-- Parameters: dag_id, run_id.
SELECT run.state,
       count(task.id) FILTER (WHERE task.state = 'success'),
       extract(epoch FROM max(task.end_date) - run.start_date)
FROM dag_run AS run
LEFT JOIN task_instance AS task ON task.dag_id = run.dag_id AND task.run_id = run.run_id
WHERE run.dag_id = %(dag_id)s AND run.run_id = %(run_id)s
GROUP BY run.state, run.start_date
