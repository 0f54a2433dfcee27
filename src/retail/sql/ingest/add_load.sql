-- Note a change of core. Parameters: run_id, kind (files, replay), rows, seconds.
INSERT INTO raw.loads (run_id, kind, row_count, seconds) VALUES (%(run_id)s, %(kind)s, %(rows)s, %(seconds)s)
RETURNING version;
