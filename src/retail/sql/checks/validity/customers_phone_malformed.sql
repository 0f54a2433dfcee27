-- check: customers_phone_malformed
-- entity: customers
-- column: phone
-- severity: warning
-- weight: 0.1
-- owner: crm
-- reason: The phone number is not + and 10 to 15 digits.
SELECT file_id, line, phone AS found FROM customers WHERE phone !~ '^[+][0-9]{10,15}$'
