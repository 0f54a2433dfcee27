-- check: transactions_product_missing
-- entity: transactions
-- column: product_id
-- severity: error
-- weight: 1
-- owner: sales
-- reason: The transaction names no product.
SELECT file_id, line, transaction_id AS found FROM transactions WHERE malformed IS NULL AND product_id IS NULL
