-- By customer segment: customers, orders, net cents.
SELECT segment, count(*), sum(orders), sum(net_cents) FROM marts.customer_summary GROUP BY segment ORDER BY sum(net_cents) DESC;
