-- check: transactions_customer_unknown
-- entity: transactions
-- column: customer_id
-- severity: error
-- weight: 1
-- owner: sales
-- reason: The customer is in no list of customers, or is in quarantine.
SELECT t.file_id, t.line, t.customer_id AS found FROM transactions AS t
WHERE t.customer_id IS NOT NULL
  AND NOT EXISTS (SELECT FROM core.customers AS c WHERE c.customer_id = t.customer_id)
