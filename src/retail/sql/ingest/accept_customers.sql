-- Bring core.customers in line with the decided rows, and note which ids entered or left it. Those that leave are deleted
-- once no transaction names them (drop_customers.sql).
CREATE TEMP TABLE good_customers ON COMMIT DROP AS
SELECT r.customer_id, r.full_name, r.email, r.phone, r.city, r.signed_up_day, r.file_id, r.line
FROM raw.customers AS r JOIN affected_customers AS a USING (file_id, line)
WHERE NOT EXISTS (SELECT FROM quarantine.rows AS q WHERE q.entity = 'customers' AND q.file_id = r.file_id AND q.line = r.line)
  AND NOT EXISTS (SELECT FROM raw.identical_skipped AS s
                  WHERE s.entity = 'customers' AND s.file_id = r.file_id AND s.line = r.line);
ANALYZE good_customers;
INSERT INTO moved_customers (id)
SELECT g.customer_id FROM good_customers AS g WHERE NOT EXISTS (SELECT FROM core.customers AS c WHERE c.customer_id = g.customer_id)
UNION ALL
SELECT c.customer_id FROM core.customers AS c
WHERE c.customer_id IN (SELECT id FROM touched_customers) AND NOT EXISTS (SELECT FROM good_customers AS g WHERE g.customer_id = c.customer_id);
INSERT INTO core.customers (customer_id, full_name, email, phone, city, signed_up_on, file_id, line)
SELECT * FROM good_customers
ON CONFLICT (customer_id) DO UPDATE SET full_name = excluded.full_name, email = excluded.email, phone = excluded.phone,
    city = excluded.city, signed_up_on = excluded.signed_up_on, file_id = excluded.file_id, line = excluded.line;
