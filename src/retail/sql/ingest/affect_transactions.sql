-- Which raw transactions are decided anew: the new files' rows, those of parents that entered or left core, and all rows
-- that share an id with any of these or with what was retired. Their core rows go; the good ones come back.
ANALYZE moved_customers;
ANALYZE moved_products;
INSERT INTO touched_transactions (id)
SELECT DISTINCT r.transaction_id FROM raw.transactions AS r
WHERE r.transaction_id IS NOT NULL
  AND (r.file_id IN (SELECT file_id FROM new_files)
       OR r.customer_id IN (SELECT id FROM moved_customers)
       OR r.product_id IN (SELECT id FROM moved_products));
ANALYZE touched_transactions;
INSERT INTO affected_transactions (file_id, line)
SELECT r.file_id, r.line FROM raw.transactions AS r
WHERE r.file_id IN (SELECT file_id FROM new_files)
   OR r.transaction_id IN (SELECT id FROM touched_transactions)
   OR (r.file_id, r.line) IN (SELECT file_id, line FROM corrected WHERE entity = 'transactions')
   -- Rows without an id share it with nobody, but may have a parent that moved.
   OR (r.transaction_id IS NULL AND (r.customer_id IN (SELECT id FROM moved_customers)
                                     OR r.product_id IN (SELECT id FROM moved_products)));
ANALYZE affected_transactions;
DELETE FROM core.transactions WHERE transaction_id IN (SELECT id FROM touched_transactions);
