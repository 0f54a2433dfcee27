-- Rows of all marts together, and the net cents that each of them adds up to.
SELECT (SELECT count(*) FROM marts.customer_summary) + (SELECT count(*) FROM marts.product_summary)
       + (SELECT count(*) FROM marts.daily_sales) + (SELECT count(*) FROM marts.monthly_sales),
       (SELECT coalesce(sum(net_cents), 0) FROM marts.daily_sales);
