-- The newest task tries: when, Dag, task, run, try, outcome, seconds, rows in, rows out, source hash, code version, message.
-- Parameters: dag_id, run_id, outcome (each NULL for all), count.
SELECT started_at, dag_id, task_id, run_id, try_number, outcome, extract(epoch FROM ended_at - started_at), rows_in,
       rows_out, source_sha256, code_version, message
FROM audit.task_tries
WHERE (%(dag_id)s::text IS NULL OR dag_id = %(dag_id)s) AND (%(run_id)s::text IS NULL OR run_id = %(run_id)s)
  AND (%(outcome)s::text IS NULL OR outcome = %(outcome)s)
ORDER BY started_at DESC LIMIT %(count)s;
