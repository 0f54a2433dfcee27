-- Put the decided rows of products that core cannot take into quarantine, or among the repeats; what was said of them before
-- is forgotten. A row that is refused is quarantined even when it also repeats another.
DELETE FROM quarantine.rows AS q USING affected_products AS a
WHERE q.entity = 'products' AND q.file_id = a.file_id AND q.line = a.line;
DELETE FROM raw.identical_skipped AS s USING affected_products AS a
WHERE s.entity = 'products' AND s.file_id = a.file_id AND s.line = a.line;

INSERT INTO quarantine.rows (entity, file_id, line, checks, columns, reasons)
SELECT entity, file_id, line, array_agg(check_name ORDER BY check_name), array_agg(column_name ORDER BY check_name),
       array_agg(reason ORDER BY check_name)
FROM offences WHERE entity = 'products' GROUP BY entity, file_id, line;
INSERT INTO raw.identical_skipped (entity, file_id, line)
SELECT entity, file_id, line FROM repeats AS s
WHERE entity = 'products'
  AND NOT EXISTS (SELECT FROM offences AS o WHERE o.entity = 'products' AND o.file_id = s.file_id AND o.line = s.line);
