-- How many rows each check keeps in quarantine: entity, check, reason, rows.
SELECT q.entity, u.check_name, u.reason, count(*)
FROM quarantine.rows AS q CROSS JOIN LATERAL unnest(q.checks, q.reasons) AS u (check_name, reason)
GROUP BY 1, 2, 3 ORDER BY 4 DESC, 2;
