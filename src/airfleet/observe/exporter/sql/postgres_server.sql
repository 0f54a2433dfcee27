-- One row: the server's connection limit and the age of its oldest open transaction in seconds.
SELECT current_setting('max_connections')::int AS connections_limit,
       (SELECT coalesce(max(extract(epoch FROM now() - xact_start)), 0)
          FROM pg_stat_activity
         WHERE pid <> pg_backend_pid()) AS oldest_s
