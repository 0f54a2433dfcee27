-- Put the decided transactions that passed into core; their former core rows are gone by now.
INSERT INTO core.transactions (transaction_id, customer_id, product_id, ordered_at, ordered_day, quantity,
    unit_price_cents, discount_cents, total_cents, payment_method, payment_state, channel, city, file_id, line)
SELECT r.transaction_id, r.customer_id, r.product_id, r.ordered_ts, (r.ordered_ts AT TIME ZONE 'Asia/Kolkata')::date,
       r.quantity_n, r.unit_price_cents, r.discount_cents, r.total_cents, r.payment_method, r.payment_state, r.channel,
       r.city, r.file_id, r.line
FROM raw.transactions AS r JOIN affected_transactions AS a USING (file_id, line)
WHERE NOT EXISTS (SELECT FROM quarantine.rows AS q
                  WHERE q.entity = 'transactions' AND q.file_id = r.file_id AND q.line = r.line)
  AND NOT EXISTS (SELECT FROM raw.identical_skipped AS s
                  WHERE s.entity = 'transactions' AND s.file_id = r.file_id AND s.line = r.line);
