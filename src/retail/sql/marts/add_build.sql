-- Note a build. Parameters: mart, run_id, version, rows, net (cents), seconds.
INSERT INTO marts.builds (mart, run_id, load_version, row_count, net_cents, seconds)
VALUES (%(mart)s, %(run_id)s, %(version)s, %(rows)s, %(net)s, %(seconds)s);
