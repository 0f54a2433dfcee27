-- One row per serialised Dag among %(ids)s, as JSON or, where compress_serialized_dags is on, as zlib of it.
SELECT dag_id, data, data_compressed
FROM serialized_dag
WHERE id = ANY (%(ids)s::uuid[])
