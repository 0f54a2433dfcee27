-- check: customers_name_missing
-- entity: customers
-- column: full_name
-- severity: warning
-- weight: 0.1
-- owner: crm
-- reason: The customer has no name.
SELECT file_id, line, customer_id AS found FROM customers WHERE malformed IS NULL AND full_name IS NULL
