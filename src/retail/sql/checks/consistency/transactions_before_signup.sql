-- check: transactions_before_signup
-- entity: transactions
-- column: ordered_at
-- severity: warning
-- weight: 0.2
-- owner: crm
-- reason: The order is older than its customer's sign-up.
SELECT t.file_id, t.line, t.ordered_at AS found FROM transactions AS t
JOIN raw.files AS f USING (file_id) JOIN core.customers AS c USING (customer_id)
-- A wild date is judged by its own check.
WHERE t.ordered_ts >= f.period_start AND (t.ordered_ts AT TIME ZONE 'Asia/Kolkata')::date < c.signed_up_on
