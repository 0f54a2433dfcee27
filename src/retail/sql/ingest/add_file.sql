-- Note a file that is about to be copied. Parameters: name, entity, sha256, start, end (timestamptz), run_id.
INSERT INTO raw.files (name, entity, sha256, period_start, period_end, run_id)
VALUES (%(name)s, %(entity)s, %(sha256)s, %(start)s, %(end)s, %(run_id)s)
RETURNING file_id;
