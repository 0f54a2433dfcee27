-- The new files with too large a share of quarantined rows: name, bad rows, rows, the first places.
-- Parameters: share (0 to 1), samples (how many places to tell).
SELECT f.name, count(*) AS bad, f.row_count,
       array_to_string((array_agg(format('line %%s (%%s: %%s)', q.line, q.columns[1], q.reasons[1]) ORDER BY q.line))
                       [1:%(samples)s], ', ')
FROM raw.files AS f
JOIN new_files AS n USING (file_id)
JOIN quarantine.rows AS q ON q.entity = f.entity AND q.file_id = f.file_id
GROUP BY f.file_id, f.name, f.row_count
HAVING count(*) > %(share)s * f.row_count
ORDER BY f.name;
