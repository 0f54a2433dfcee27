-- Net cents by shop's day. Parameters: before (timestamptz).
SELECT day, net_cents FROM marts.daily_sales
WHERE day < (%(before)s::timestamptz AT TIME ZONE 'Asia/Kolkata')::date ORDER BY day;
