-- check: customers_city_missing
-- entity: customers
-- column: city
-- severity: warning
-- weight: 0.1
-- owner: crm
-- reason: The customer's city is not known.
SELECT file_id, line, customer_id AS found FROM customers WHERE malformed IS NULL AND city IS NULL
