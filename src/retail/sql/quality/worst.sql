-- The checks that cost a run most: name, offenders, owner, a first place. Parameters: run_id, count.
SELECT r.check_name, r.offenders, r.owner, format('%%s line %%s', s.file_name, s.line)
FROM quality.results AS r
JOIN LATERAL (SELECT file_name, line FROM quality.samples AS s
              WHERE s.run_id = r.run_id AND s.check_name = r.check_name ORDER BY file_name, line LIMIT 1) AS s ON true
WHERE r.run_id = %(run_id)s
ORDER BY r.weight * r.offenders DESC, r.check_name LIMIT %(count)s;
