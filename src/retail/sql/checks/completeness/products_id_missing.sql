-- check: products_id_missing
-- entity: products
-- column: product_id
-- severity: error
-- weight: 1
-- owner: catalogue
-- reason: The product has no id.
SELECT file_id, line, name AS found FROM products WHERE malformed IS NULL AND product_id IS NULL
