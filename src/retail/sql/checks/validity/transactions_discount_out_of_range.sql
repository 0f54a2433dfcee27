-- check: transactions_discount_out_of_range
-- entity: transactions
-- column: discount
-- severity: error
-- weight: 1
-- owner: sales
-- reason: The discount is missing, negative, no amount, or more than the goods cost.
SELECT file_id, line, discount AS found FROM transactions
WHERE malformed IS NULL
  AND (discount_cents IS NULL OR discount_cents < 0
       -- Against the goods only where these make sense; else their own checks speak.
       OR (quantity_n BETWEEN 1 AND 1000 AND unit_price_cents BETWEEN 1 AND 100000000
           AND discount_cents > quantity_n * unit_price_cents))
