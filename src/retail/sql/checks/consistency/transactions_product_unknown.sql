-- check: transactions_product_unknown
-- entity: transactions
-- column: product_id
-- severity: error
-- weight: 1
-- owner: sales
-- reason: The product is not in the catalogue, or is in quarantine.
SELECT t.file_id, t.line, t.product_id AS found FROM transactions AS t
WHERE t.product_id IS NOT NULL
  AND NOT EXISTS (SELECT FROM core.products AS p WHERE p.product_id = t.product_id)
