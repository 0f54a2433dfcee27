-- Fill marts.product_summary, emptied before: one product, sold or not. Money in cents, days of the shop.
-- Returns rows, net cents, and what core says both must be, and the load of core that was read.
WITH built AS (
    INSERT INTO marts.product_summary (product_id, name, category, orders, units, gross_cents, refunded_cents, net_cents)
    SELECT p.product_id, p.name, p.category, count(s.transaction_id), coalesce(sum(s.quantity), 0),
           coalesce(sum(s.total_cents), 0), coalesce(sum(s.refunded_cents), 0),
           coalesce(sum(s.total_cents - s.refunded_cents), 0)
    FROM core.products AS p LEFT JOIN core.sales AS s USING (product_id)
    GROUP BY p.product_id
    RETURNING net_cents
)
SELECT (SELECT count(*) FROM built), (SELECT coalesce(sum(net_cents), 0) FROM built),
       (SELECT count(*) FROM core.products),
       (SELECT coalesce(sum(total_cents - refunded_cents), 0) FROM core.sales),
       (SELECT coalesce(max(version), 0) FROM raw.loads);
