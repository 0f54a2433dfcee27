-- check: customers_email_missing
-- entity: customers
-- column: email
-- severity: warning
-- weight: 0.15
-- owner: crm
-- reason: The customer cannot be mailed.
SELECT file_id, line, customer_id AS found FROM customers WHERE malformed IS NULL AND email IS NULL
