-- check: customers_signup_impossible
-- entity: customers
-- column: signed_up_on
-- severity: error
-- weight: 1
-- owner: crm
-- reason: The day of sign-up is missing or no day that exists (YYYY-MM-DD).
SELECT file_id, line, signed_up_on AS found FROM customers WHERE malformed IS NULL AND signed_up_day IS NULL
