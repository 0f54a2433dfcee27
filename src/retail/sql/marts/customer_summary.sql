-- Fill marts.customer_summary, emptied before: one customer that bought something. Money in cents, days of the shop.
-- Returns rows, net cents, and what core says both must be, and the load of core that was read.
WITH built AS (
    INSERT INTO marts.customer_summary (customer_id, full_name, city, first_bought_on, last_bought_on, orders, units, gross_cents, refunded_cents,
                                        net_cents, segment)
    SELECT c.customer_id, c.full_name, c.city, b.first_on, b.last_on, b.orders, b.units, b.gross_cents, b.refunded_cents,
           b.net_cents,
           CASE WHEN b.spend_rank <= 0.10 THEN 'top spender'
                WHEN b.orders = 1 THEN 'one order'
                WHEN b.last_on < b.newest - 60 THEN 'lapsing'
                ELSE 'regular' END
    FROM (
        SELECT customer_id, min(ordered_day) AS first_on, max(ordered_day) AS last_on, count(*) AS orders,
               sum(quantity) AS units, sum(total_cents) AS gross_cents, sum(refunded_cents) AS refunded_cents,
               sum(total_cents - refunded_cents) AS net_cents,
               -- Ties share a rank, so that the same rows always make the same segments.
               cume_dist() OVER (ORDER BY sum(total_cents - refunded_cents) DESC) AS spend_rank,
               max(max(ordered_day)) OVER () AS newest
        FROM core.sales GROUP BY customer_id
    ) AS b
    JOIN core.customers AS c USING (customer_id)
    RETURNING net_cents
)
SELECT (SELECT count(*) FROM built), (SELECT coalesce(sum(net_cents), 0) FROM built),
       (SELECT count(DISTINCT customer_id) FROM core.sales),
       (SELECT coalesce(sum(total_cents - refunded_cents), 0) FROM core.sales),
       (SELECT coalesce(max(version), 0) FROM raw.loads);
