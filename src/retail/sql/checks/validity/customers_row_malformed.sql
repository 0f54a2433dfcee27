-- check: customers_row_malformed
-- entity: customers
-- column: *
-- severity: error
-- weight: 1
-- owner: crm
-- reason: The record does not have as many cells as the header.
SELECT file_id, line, malformed AS found FROM customers WHERE malformed IS NOT NULL
