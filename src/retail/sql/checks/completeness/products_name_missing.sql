-- check: products_name_missing
-- entity: products
-- column: name
-- severity: error
-- weight: 1
-- owner: catalogue
-- reason: The product has no name.
SELECT file_id, line, product_id AS found FROM products WHERE malformed IS NULL AND name IS NULL
