-- One run's outcome: score, grade, threshold, rows, as of. Parameters: run_id.
SELECT score, grade, threshold, rows_checked, as_of FROM quality.runs WHERE run_id = %(run_id)s AND score IS NOT NULL;
