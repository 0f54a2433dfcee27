-- check: customers_id_missing
-- entity: customers
-- column: customer_id
-- severity: error
-- weight: 1
-- owner: crm
-- reason: The customer has no id.
SELECT file_id, line, full_name AS found FROM customers WHERE malformed IS NULL AND customer_id IS NULL
