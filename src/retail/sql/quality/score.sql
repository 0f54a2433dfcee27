-- What each dimension of a run costs, in rows: dimension, rows in scope, weighted offenders. Parameters: run_id.
SELECT r.dimension, max(u.rows_checked), sum(r.weight * r.offenders)
FROM quality.results AS r JOIN quality.runs AS u USING (run_id)
WHERE r.run_id = %(run_id)s GROUP BY r.dimension;
