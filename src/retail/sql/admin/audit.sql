-- The audit trail, and who may use it. Runs as the server's administrator on the warehouse database, at every start:
-- each statement may run again.
-- The trail belongs to a role that cannot log in; the loader may add to it and read it, and nothing else. It is not the
-- loader's table, so the loader can neither change a row nor hand itself the right to.
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'warehouse_audit') THEN
        CREATE ROLE warehouse_audit NOLOGIN;
    END IF;
END $$;
CREATE SCHEMA IF NOT EXISTS audit;
ALTER SCHEMA audit OWNER TO warehouse_audit;

-- Grain: one thing that happened to one try of one task: it started, or it ended with an outcome.
CREATE TABLE IF NOT EXISTS audit.events (
    event_id     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at           timestamptz NOT NULL DEFAULT clock_timestamp(),
    by_role      text NOT NULL DEFAULT session_user,
    dag_id       text NOT NULL,
    task_id      text NOT NULL,
    run_id       text NOT NULL,
    try_number   integer NOT NULL,
    event        text NOT NULL CHECK (event IN ('started', 'success', 'verdict', 'error')),
    code_version text NOT NULL,
    source_sha256 text,
    rows_in      bigint,
    rows_out     bigint,
    message      text
);
ALTER TABLE audit.events OWNER TO warehouse_audit;
CREATE INDEX IF NOT EXISTS events_try ON audit.events (run_id, dag_id, task_id, try_number);

-- Grain: one try of one task. `outcome` is `unfinished` for a try that started and never said how it ended: it is still
-- at work, or it was killed.
CREATE OR REPLACE VIEW audit.task_tries AS
SELECT s.dag_id, s.task_id, s.run_id, s.try_number, s.at AS started_at, e.at AS ended_at,
       coalesce(e.event, 'unfinished') AS outcome, s.code_version, e.source_sha256, e.rows_in, e.rows_out, e.message
FROM audit.events AS s
LEFT JOIN LATERAL (
    SELECT * FROM audit.events AS x
    WHERE x.dag_id = s.dag_id AND x.task_id = s.task_id AND x.run_id = s.run_id AND x.try_number = s.try_number
      AND x.event <> 'started' AND x.event_id > s.event_id
    ORDER BY x.event_id LIMIT 1
) AS e ON true
WHERE s.event = 'started';
ALTER VIEW audit.task_tries OWNER TO warehouse_audit;

REVOKE ALL ON SCHEMA audit FROM PUBLIC;
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'warehouse_loader') THEN
        REVOKE ALL ON ALL TABLES IN SCHEMA audit FROM warehouse_loader;
        GRANT USAGE ON SCHEMA audit TO warehouse_loader;
        GRANT SELECT ON audit.events TO warehouse_loader;
        -- Not event_id, at and by_role, which say in what order, when and by whom.
        GRANT INSERT (dag_id, task_id, run_id, try_number, event, code_version, source_sha256, rows_in, rows_out, message)
            ON audit.events TO warehouse_loader;
        GRANT SELECT ON audit.task_tries TO warehouse_loader;
    END IF;
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'warehouse_reader') THEN
        GRANT USAGE ON SCHEMA audit TO warehouse_reader;
        GRANT SELECT ON audit.events, audit.task_tries TO warehouse_reader;
    END IF;
END $$;
