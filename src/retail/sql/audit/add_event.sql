-- Add to the trail. Parameters: dag_id, task_id, run_id, try_number, event, code_version, source_sha256, rows_in, rows_out,
-- message.
INSERT INTO audit.events (dag_id, task_id, run_id, try_number, event, code_version, source_sha256, rows_in, rows_out, message)
VALUES (%(dag_id)s, %(task_id)s, %(run_id)s, %(try_number)s, %(event)s, %(code_version)s, %(source_sha256)s, %(rows_in)s,
        %(rows_out)s, %(message)s);
