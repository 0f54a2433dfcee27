-- check: products_weight_out_of_range
-- entity: products
-- column: weight_grams
-- severity: warning
-- weight: 0.25
-- owner: catalogue
-- reason: The weight is missing or not a whole number of grams from 1 to 200,000.
SELECT file_id, line, weight_grams AS found FROM products
WHERE malformed IS NULL AND (weight_g IS NULL OR weight_g NOT BETWEEN 1 AND 200000)
