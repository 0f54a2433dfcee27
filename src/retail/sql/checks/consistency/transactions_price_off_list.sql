-- check: transactions_price_off_list
-- entity: transactions
-- column: unit_price
-- severity: warning
-- weight: 0.2
-- owner: catalogue
-- reason: The unit price is not the catalogue's.
SELECT t.file_id, t.line, t.unit_price AS found FROM transactions AS t JOIN core.products AS p USING (product_id)
WHERE t.unit_price_cents BETWEEN 1 AND 100000000 AND t.unit_price_cents <> p.list_price_cents
