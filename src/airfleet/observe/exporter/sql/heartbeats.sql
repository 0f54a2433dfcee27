-- One row per kind of job that has run: seconds since the newest heartbeat of any of them.
SELECT job_type, extract(epoch FROM now() - max(latest_heartbeat)) AS age_s
FROM job
WHERE job_type IN ('SchedulerJob', 'DagProcessorJob', 'TriggererJob') AND latest_heartbeat IS NOT NULL
GROUP BY job_type
