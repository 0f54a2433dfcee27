-- Open a run of the checks; its earlier results go. Parameters: run_id, as_of (timestamptz), rows.
DELETE FROM quality.runs WHERE run_id = %(run_id)s;
INSERT INTO quality.runs (run_id, as_of, rows_checked, load_version)
VALUES (%(run_id)s, %(as_of)s, %(rows)s, (SELECT coalesce(max(version), 0) FROM raw.loads));
