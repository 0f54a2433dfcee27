-- Store what one check found. Parameters: run_id, check, dimension, entity, column, severity, weight, owner, reason, rows,
-- offenders, seconds.
INSERT INTO quality.results (run_id, check_name, dimension, entity, column_name, severity, weight, owner, reason,
                             rows_checked, offenders, seconds)
VALUES (%(run_id)s, %(check)s, %(dimension)s, %(entity)s, %(column)s, %(severity)s, %(weight)s, %(owner)s, %(reason)s,
        %(rows)s, %(offenders)s, %(seconds)s);
