-- check: products_price_out_of_range
-- entity: products
-- column: list_price
-- severity: error
-- weight: 1
-- owner: catalogue
-- reason: The list price is missing or not an amount from 0.01 to 1,000,000.00.
SELECT file_id, line, list_price AS found FROM products
WHERE malformed IS NULL AND (list_price_cents IS NULL OR list_price_cents NOT BETWEEN 1 AND 100000000)
