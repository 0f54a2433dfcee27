-- The rows of products in quarantine: file, line, checks, columns, reasons, then the row as read.
-- Parameters: check_name (NULL is every check).
SELECT f.name, q.line, array_to_string(q.checks, ' '), array_to_string(q.columns, ' '), array_to_string(q.reasons, ' '),
       r.product_id, r.name, r.category, r.list_price, r.weight_grams
FROM quarantine.rows AS q
JOIN raw.files AS f USING (file_id)
JOIN raw.products AS r USING (file_id, line)
WHERE q.entity = 'products' AND (%(check_name)s::text IS NULL OR %(check_name)s = ANY (q.checks))
ORDER BY f.name, q.line;
