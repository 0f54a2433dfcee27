-- The load of core that each mart shows: mart, version.
SELECT DISTINCT ON (mart) mart, load_version FROM marts.builds ORDER BY mart, build_id DESC;
