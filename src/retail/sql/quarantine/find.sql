-- The quarantined row at a place: its file_id and its file's name. Parameters: entity, name (of the file), line.
SELECT q.file_id FROM quarantine.rows AS q JOIN raw.files AS f USING (file_id)
WHERE q.entity = %(entity)s AND f.name = %(name)s AND f.retired_at IS NULL AND q.line = %(line)s;
