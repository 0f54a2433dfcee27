#!/usr/bin/env bash
# http_health.sh PORT PATH [HOST]: succeeds when a GET on HOST (127.0.0.1) answers 200. Starts no Python: it runs often.
exec 3<>"/dev/tcp/${3:-127.0.0.1}/$1" || exit 1
printf 'GET %s HTTP/1.0\r\nHost: localhost\r\n\r\n' "$2" >&3
read -r -t 9 line <&3 || exit 1
printf '%s\n' "$line"
[[ $line == HTTP/1.[01]\ 200* ]]
