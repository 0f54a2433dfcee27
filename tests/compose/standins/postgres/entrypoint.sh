#!/usr/bin/env bash
# The documented environment of the public image that the compose files use: POSTGRES_USER, POSTGRES_PASSWORD,
# POSTGRES_DB, PGDATA and /docker-entrypoint-initdb.d with .sh and .sql files, all only on an empty data folder.
set -euo pipefail

if [ "${1:-}" != postgres ]; then exec "$@"; fi
if [ "$(id -u)" = 0 ]; then
    mkdir -p "$PGDATA"
    chown -R postgres "$PGDATA"
    chmod 700 "$PGDATA"
    chown postgres /var/run/postgresql
    exec gosu postgres "$0" "$@"
fi
if [ ! -s "$PGDATA/PG_VERSION" ]; then
    user=${POSTGRES_USER:-postgres}
    password=${POSTGRES_PASSWORD:-$(cat "${POSTGRES_PASSWORD_FILE:-/dev/null}")}
    if [ -z "$password" ] && [ "${POSTGRES_HOST_AUTH_METHOD:-}" != trust ]; then
        echo "Error: Database is uninitialized and superuser password is not specified." >&2
        exit 1
    fi
    eval "initdb --username='$user' --pwfile=<(printf '%s\n' \"\$password\") ${POSTGRES_INITDB_ARGS:-} >/dev/null"
    printf '\nhost all all all %s\n' "${POSTGRES_HOST_AUTH_METHOD:-scram-sha-256}" >>"$PGDATA/pg_hba.conf"
    # With the server's own arguments, and a password wherever they ask for one, as the public image does.
    export PGPASSWORD=$password PGUSER=$user
    pg_ctl -D "$PGDATA" -o "$(printf '%q ' "${@:2}") -c listen_addresses=''" -w start >/dev/null
    if [ "${POSTGRES_DB:-$user}" != postgres ]; then
        psql -qv ON_ERROR_STOP=1 -d postgres -v db="${POSTGRES_DB:-$user}" \
            <<<'CREATE DATABASE :"db";'
    fi
    for file in /docker-entrypoint-initdb.d/*; do
        case $file in
            *.sh) if [ -x "$file" ]; then "$file"; else . "$file"; fi ;;
            *.sql) psql -qv ON_ERROR_STOP=1 -d "${POSTGRES_DB:-$user}" -f "$file" ;;
        esac
    done
    pg_ctl -D "$PGDATA" -m fast -w stop >/dev/null
    unset PGPASSWORD PGUSER
fi
exec "$@"
