-- One row per live Dag: the newest serialised version's id and when it was last written.
SELECT DISTINCT ON (s.dag_id) s.dag_id, s.id::text AS id, s.last_updated
FROM serialized_dag s
JOIN dag d ON d.dag_id = s.dag_id AND NOT d.is_stale
ORDER BY s.dag_id, s.created_at DESC
