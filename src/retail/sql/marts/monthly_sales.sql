-- Fill marts.monthly_sales, emptied before: one shop's calendar month with a sale. Money in cents, days of the shop.
-- Returns rows, net cents, and what core says both must be, and the load of core that was read.
WITH built AS (
    INSERT INTO marts.monthly_sales (month, orders, customers, units, gross_cents, refunded_cents, net_cents)
    SELECT date_trunc('month', ordered_day)::date, count(*), count(DISTINCT customer_id), sum(quantity),
           sum(total_cents), sum(refunded_cents), sum(total_cents - refunded_cents)
    FROM core.sales GROUP BY 1
    RETURNING net_cents
)
SELECT (SELECT count(*) FROM built), (SELECT coalesce(sum(net_cents), 0) FROM built),
       (SELECT count(DISTINCT date_trunc('month', ordered_day)) FROM core.sales),
       (SELECT coalesce(sum(total_cents - refunded_cents), 0) FROM core.sales),
       (SELECT coalesce(max(version), 0) FROM raw.loads);
