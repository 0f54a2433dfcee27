-- What the checks of one run found, costliest first: check, reason, entity, severity, owner, offenders, rows, example,
-- value found. Parameters: run_id.
SELECT r.check_name, r.reason, r.entity, r.severity, r.owner, r.offenders, r.rows_checked,
       s.file_name || ' line ' || s.line, s.found
FROM quality.results AS r
LEFT JOIN LATERAL (SELECT file_name, line, found FROM quality.samples AS s
                   WHERE s.run_id = r.run_id AND s.check_name = r.check_name
                   ORDER BY file_name, line LIMIT 1) AS s ON true
WHERE r.run_id = %(run_id)s AND r.offenders > 0
ORDER BY r.weight * r.offenders DESC, r.check_name;
