-- check: products_row_malformed
-- entity: products
-- column: *
-- severity: error
-- weight: 1
-- owner: catalogue
-- reason: The record does not have as many cells as the header.
SELECT file_id, line, malformed AS found FROM products WHERE malformed IS NOT NULL
