-- Fill marts.daily_sales, emptied before: one shop's day with a sale. Money in cents, days of the shop.
-- Returns rows, net cents, and what core says both must be, and the load of core that was read.
WITH built AS (
    INSERT INTO marts.daily_sales (day, orders, customers, units, gross_cents, refunded_cents, net_cents)
    SELECT ordered_day, count(*), count(DISTINCT customer_id), sum(quantity), sum(total_cents), sum(refunded_cents),
           sum(total_cents - refunded_cents)
    FROM core.sales GROUP BY ordered_day
    RETURNING net_cents
)
SELECT (SELECT count(*) FROM built), (SELECT coalesce(sum(net_cents), 0) FROM built),
       (SELECT count(DISTINCT ordered_day) FROM core.sales),
       (SELECT coalesce(sum(total_cents - refunded_cents), 0) FROM core.sales),
       (SELECT coalesce(max(version), 0) FROM raw.loads);
