-- Which raw rows of products are decided anew: the new files' rows, the corrected ones, and all rows that share an id with what came or went.
INSERT INTO touched_products (id)
SELECT DISTINCT r.product_id FROM raw.products AS r JOIN new_files USING (file_id) WHERE r.product_id IS NOT NULL;
ANALYZE touched_products;
INSERT INTO affected_products (file_id, line)
SELECT r.file_id, r.line FROM raw.products AS r
WHERE r.file_id IN (SELECT file_id FROM new_files) OR r.product_id IN (SELECT id FROM touched_products)
   OR (r.file_id, r.line) IN (SELECT file_id, line FROM corrected WHERE entity = 'products');
ANALYZE affected_products;
