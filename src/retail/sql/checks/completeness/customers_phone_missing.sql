-- check: customers_phone_missing
-- entity: customers
-- column: phone
-- severity: warning
-- weight: 0.1
-- owner: crm
-- reason: The customer cannot be called.
SELECT file_id, line, customer_id AS found FROM customers WHERE malformed IS NULL AND phone IS NULL
