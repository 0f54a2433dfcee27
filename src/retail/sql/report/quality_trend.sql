-- The newest thirty scores, oldest first: when, score, grade, threshold. Parameters: until (timestamptz).
SELECT started_at, score, grade, threshold FROM (
    SELECT started_at, score, grade, threshold FROM quality.runs
    WHERE score IS NOT NULL AND started_at <= %(until)s ORDER BY started_at DESC LIMIT 30
) AS newest ORDER BY started_at;
