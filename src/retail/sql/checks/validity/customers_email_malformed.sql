-- check: customers_email_malformed
-- entity: customers
-- column: email
-- severity: warning
-- weight: 0.15
-- owner: crm
-- reason: The mail address is not one.
SELECT file_id, line, email AS found FROM customers WHERE email !~ '^[^@[:space:]]+@[^@[:space:]]+[.][^@[:space:]]+$'
