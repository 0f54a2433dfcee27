-- One row per Dag, deadline alert and state of its deadlines: missed, overdue (past, not yet marked), pending.
SELECT dr.dag_id,
       coalesce(da.name, '') AS alert,
       CASE WHEN d.missed THEN 'missed' WHEN d.deadline_time < now() THEN 'overdue' ELSE 'pending' END AS state,
       count(*) AS deadlines
FROM deadline d
JOIN dag_run dr ON dr.id = d.dagrun_id
LEFT JOIN deadline_alert da ON da.id = d.deadline_alert_id
GROUP BY dr.dag_id, coalesce(da.name, ''), 3
