-- The rows of transactions in quarantine: file, line, checks, columns, reasons, then the row as read.
-- Parameters: check_name (NULL is every check).
SELECT f.name, q.line, array_to_string(q.checks, ' '), array_to_string(q.columns, ' '), array_to_string(q.reasons, ' '),
       r.transaction_id, r.customer_id, r.product_id, r.ordered_at, r.quantity, r.unit_price, r.discount, r.total,
       r.payment_method, r.payment_state, r.channel, r.city
FROM quarantine.rows AS q
JOIN raw.files AS f USING (file_id)
JOIN raw.transactions AS r USING (file_id, line)
WHERE q.entity = 'transactions' AND (%(check_name)s::text IS NULL OR %(check_name)s = ANY (q.checks))
ORDER BY f.name, q.line;
