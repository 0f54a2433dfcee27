-- The newest seven shop's days with sales before a moment, and the seven before them: which week (0 newest, 1 before),
-- first day, last day, orders, units, gross, refunded and net cents. Parameters: before (timestamptz).
WITH newest AS (
    SELECT max(day) AS day FROM marts.daily_sales WHERE day < (%(before)s::timestamptz AT TIME ZONE 'Asia/Kolkata')::date
)
SELECT (n.day - d.day) / 7 AS week, n.day - 7 * ((n.day - d.day) / 7) - 6 AS first_day,
       n.day - 7 * ((n.day - d.day) / 7) AS last_day, sum(d.orders), sum(d.units), sum(d.gross_cents),
       sum(d.refunded_cents), sum(d.net_cents)
FROM marts.daily_sales AS d CROSS JOIN newest AS n
WHERE d.day > n.day - 14 AND d.day <= n.day
GROUP BY 1, 2, 3 ORDER BY 1;
