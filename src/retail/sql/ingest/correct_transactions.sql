-- Replace the text and values of one quarantined row of transactions, keep what stood there, and have its ids decided anew.
-- Parameters: file_id, line, as_of, by (who corrects), and every column of raw.transactions.
INSERT INTO touched_transactions (id)
SELECT transaction_id FROM raw.transactions WHERE file_id = %(file_id)s AND line = %(line)s AND transaction_id IS NOT NULL;
INSERT INTO quarantine.corrections (entity, file_id, line, row_before, row_after, corrected_by)
SELECT 'transactions', r.file_id, r.line, to_jsonb(r), '{}', %(by)s FROM raw.transactions AS r
WHERE file_id = %(file_id)s AND line = %(line)s;
UPDATE raw.transactions SET malformed = NULL, as_of = %(as_of)s,
    transaction_id = %(transaction_id)s, customer_id = %(customer_id)s, product_id = %(product_id)s,
    ordered_at = %(ordered_at)s, quantity = %(quantity)s, unit_price = %(unit_price)s, discount = %(discount)s,
    total = %(total)s, payment_method = %(payment_method)s, payment_state = %(payment_state)s, channel = %(channel)s,
    city = %(city)s, ordered_ts = %(ordered_ts)s, quantity_n = %(quantity_n)s, unit_price_cents = %(unit_price_cents)s,
    discount_cents = %(discount_cents)s, total_cents = %(total_cents)s
WHERE file_id = %(file_id)s AND line = %(line)s;
UPDATE quarantine.corrections AS c SET row_after = to_jsonb(r) FROM raw.transactions AS r
WHERE c.entity = 'transactions' AND c.file_id = r.file_id AND c.line = r.line AND c.row_after = '{}'::jsonb;
INSERT INTO touched_transactions (id)
SELECT transaction_id FROM raw.transactions WHERE file_id = %(file_id)s AND line = %(line)s AND transaction_id IS NOT NULL;
INSERT INTO corrected (entity, file_id, line) VALUES ('transactions', %(file_id)s, %(line)s);
