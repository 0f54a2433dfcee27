-- Figures that differ between core and a mart: what, core's, the mart's. No rows is agreement. Money in cents.
WITH sales AS (
    SELECT count(*) AS orders, coalesce(sum(quantity), 0) AS units, coalesce(sum(total_cents), 0) AS gross,
           coalesce(sum(refunded_cents), 0) AS refunded, coalesce(sum(total_cents - refunded_cents), 0) AS net,
           count(DISTINCT customer_id) AS customers, count(DISTINCT ordered_day) AS days,
           count(DISTINCT date_trunc('month', ordered_day)) AS months
    FROM core.sales
),
shown AS (
    SELECT 'customer_summary' AS mart, count(*) AS rows, sum(orders) AS orders, sum(units) AS units,
           sum(gross_cents) AS gross, sum(refunded_cents) AS refunded, sum(net_cents) AS net FROM marts.customer_summary
    UNION ALL
    SELECT 'product_summary', count(*), sum(orders), sum(units), sum(gross_cents), sum(refunded_cents), sum(net_cents)
    FROM marts.product_summary
    UNION ALL
    SELECT 'daily_sales', count(*), sum(orders), sum(units), sum(gross_cents), sum(refunded_cents), sum(net_cents)
    FROM marts.daily_sales
    UNION ALL
    SELECT 'monthly_sales', count(*), sum(orders), sum(units), sum(gross_cents), sum(refunded_cents), sum(net_cents)
    FROM marts.monthly_sales
),
compared AS (
    SELECT m.mart || ' ' || f.figure AS what, f.core, coalesce(f.mart, 0) AS mart
    FROM shown AS m CROSS JOIN sales AS s
    CROSS JOIN LATERAL (VALUES
        ('rows', CASE m.mart WHEN 'customer_summary' THEN s.customers WHEN 'daily_sales' THEN s.days
                             WHEN 'monthly_sales' THEN s.months ELSE (SELECT count(*) FROM core.products) END, m.rows),
        ('orders', s.orders, m.orders), ('units', s.units, m.units), ('gross_cents', s.gross, m.gross),
        ('refunded_cents', s.refunded, m.refunded), ('net_cents', s.net, m.net)
    ) AS f (figure, core, mart)
),
-- A total can agree while two days do not: each month is compared with its days.
months AS (
    SELECT 'month ' || m.month AS what, coalesce(d.net, 0) AS core, m.net_cents AS mart
    FROM marts.monthly_sales AS m
    LEFT JOIN (SELECT date_trunc('month', day)::date AS month, sum(net_cents) AS net FROM marts.daily_sales GROUP BY 1)
        AS d USING (month)
)
SELECT what, core, mart FROM compared WHERE core <> mart
UNION ALL
SELECT what, core, mart FROM months WHERE core <> mart
ORDER BY what;
