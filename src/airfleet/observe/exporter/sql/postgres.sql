-- One row per database of the server. Size is null where the role may neither connect nor read statistics.
SELECT d.datname,
       CASE WHEN has_database_privilege(d.datname, 'CONNECT') OR pg_has_role('pg_read_all_stats', 'USAGE') THEN pg_database_size(d.oid) END AS bytes,
       s.numbackends,
       s.xact_commit,
       s.xact_rollback,
       s.deadlocks
FROM pg_database d
JOIN pg_stat_database s ON s.datid = d.oid
WHERE NOT d.datistemplate
