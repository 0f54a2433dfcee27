-- Take one file's rows of products out of raw, keeping them as they were read, and note the ids they held.
-- Parameters: file_id.
INSERT INTO touched_products (id)
SELECT DISTINCT product_id FROM raw.products WHERE file_id = %(file_id)s AND product_id IS NOT NULL;

INSERT INTO raw.retired_rows (entity, file_id, line, row_read)
SELECT 'products', r.file_id, r.line, to_jsonb(r) FROM raw.products AS r WHERE r.file_id = %(file_id)s;

DELETE FROM quarantine.rows WHERE entity = 'products' AND file_id = %(file_id)s;
DELETE FROM raw.identical_skipped WHERE entity = 'products' AND file_id = %(file_id)s;
DELETE FROM raw.products WHERE file_id = %(file_id)s;
