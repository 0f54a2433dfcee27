#!/usr/bin/env bash
# Gives the mounted folders to the roles' user, then runs init as that user.
set -euo pipefail

for folder in logs data mail; do
    folder=/opt/airflow/$folder
    # Only what does not belong already: a large log folder must not cost minutes at each start. And no file with a second
    # name: that may lie outside of these folders, and belong to somebody else.
    find "$folder" \( ! -uid "$AIRFLOW_UID" -o ! -gid 0 \) \( -type d -o -links 1 \) -exec chown -h "$AIRFLOW_UID:0" {} +
done

as_role=(setpriv --reuid "$AIRFLOW_UID" --regid 0 --clear-groups --inh-caps=-all)
unreadable=$("${as_role[@]}" find /opt/airflow/{dags,plugins,config,src} ! -readable -print -quit 2>&1 || true)
if [ -n "$unreadable" ]; then
    echo "init: user $AIRFLOW_UID (AIRFLOW_UID in .env) cannot read $unreadable. Run \`chmod -R a+rX airflow src\`," \
        "or set AIRFLOW_UID to the files' owner, and run again." >&2
    exit 1
fi
exec "${as_role[@]}" python -m airfleet.stack.init
