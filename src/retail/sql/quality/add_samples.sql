-- Keep the first offenders of one check as examples. Parameters: run_id, check, samples (how many).
INSERT INTO quality.samples (run_id, check_name, file_name, line, found)
SELECT %(run_id)s, %(check)s, f.name, o.line, left(o.found, 200)
FROM (SELECT * FROM offenders ORDER BY file_id, line LIMIT %(samples)s) AS o
JOIN raw.files AS f USING (file_id);
