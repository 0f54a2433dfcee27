-- Which raw rows of customers are decided anew: the new files' rows, the corrected ones, and all rows that share an id with what came or went.
INSERT INTO touched_customers (id)
SELECT DISTINCT r.customer_id FROM raw.customers AS r JOIN new_files USING (file_id) WHERE r.customer_id IS NOT NULL;
ANALYZE touched_customers;
INSERT INTO affected_customers (file_id, line)
SELECT r.file_id, r.line FROM raw.customers AS r
WHERE r.file_id IN (SELECT file_id FROM new_files) OR r.customer_id IN (SELECT id FROM touched_customers)
   OR (r.file_id, r.line) IN (SELECT file_id, line FROM corrected WHERE entity = 'customers');
ANALYZE affected_customers;
