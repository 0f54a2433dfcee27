-- Take one file's rows of transactions out of raw, keeping them as they were read, and note the ids they held.
-- Parameters: file_id.
INSERT INTO touched_transactions (id)
SELECT DISTINCT transaction_id FROM raw.transactions WHERE file_id = %(file_id)s AND transaction_id IS NOT NULL;

INSERT INTO raw.retired_rows (entity, file_id, line, row_read)
SELECT 'transactions', r.file_id, r.line, to_jsonb(r) FROM raw.transactions AS r WHERE r.file_id = %(file_id)s;

DELETE FROM quarantine.rows WHERE entity = 'transactions' AND file_id = %(file_id)s;
DELETE FROM raw.identical_skipped WHERE entity = 'transactions' AND file_id = %(file_id)s;
DELETE FROM raw.transactions WHERE file_id = %(file_id)s;
