-- Take one file's rows of customers out of raw, keeping them as they were read, and note the ids they held.
-- Parameters: file_id.
INSERT INTO touched_customers (id)
SELECT DISTINCT customer_id FROM raw.customers WHERE file_id = %(file_id)s AND customer_id IS NOT NULL;

INSERT INTO raw.retired_rows (entity, file_id, line, row_read)
SELECT 'customers', r.file_id, r.line, to_jsonb(r) FROM raw.customers AS r WHERE r.file_id = %(file_id)s;

DELETE FROM quarantine.rows WHERE entity = 'customers' AND file_id = %(file_id)s;
DELETE FROM raw.identical_skipped WHERE entity = 'customers' AND file_id = %(file_id)s;
DELETE FROM raw.customers WHERE file_id = %(file_id)s;
