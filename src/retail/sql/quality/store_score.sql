-- Store a run's outcome. Parameters: run_id, score, grade, threshold, rows.
UPDATE quality.runs SET score = %(score)s, grade = %(grade)s, threshold = %(threshold)s, rows_checked = %(rows)s
WHERE run_id = %(run_id)s;
