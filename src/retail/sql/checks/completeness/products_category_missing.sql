-- check: products_category_missing
-- entity: products
-- column: category
-- severity: warning
-- weight: 0.25
-- owner: catalogue
-- reason: The product is in no category.
SELECT file_id, line, product_id AS found FROM products WHERE malformed IS NULL AND category IS NULL
