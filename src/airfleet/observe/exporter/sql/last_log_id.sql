-- One row: the newest id of the audit log, 0 when it is empty.
SELECT coalesce(max(id), 0) AS id FROM log
