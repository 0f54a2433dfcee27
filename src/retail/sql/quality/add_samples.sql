-- Keep the first offenders of one check as examples, of the file that has most of them: that is the one to look into.
-- Parameters: run_id, check, samples (how many).
INSERT INTO quality.samples (run_id, check_name, file_name, line, found)
SELECT %(run_id)s, %(check)s, f.name, o.line, left(o.found, 200)
FROM (SELECT * FROM offenders
      WHERE file_id = (SELECT file_id FROM offenders GROUP BY file_id ORDER BY count(*) DESC, file_id LIMIT 1)
      ORDER BY line LIMIT %(samples)s) AS o
JOIN raw.files AS f USING (file_id);
