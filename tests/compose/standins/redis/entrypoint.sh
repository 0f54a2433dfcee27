#!/bin/sh
# Options alone mean redis-server; as root the server drops to the redis user and owns /data.
set -e
case ${1:-} in
    -* | *.conf) set -- redis-server "$@" ;;
esac
if [ "$1" = redis-server ] && [ "$(id -u)" = 0 ]; then
    find . \! -user redis -exec chown redis '{}' +
    exec gosu redis "$0" "$@"
fi
umask 0077
# Outside a container Debian's server refuses clients from afar; the public image does not.
[ "$1" != redis-server ] || set -- "$@" --protected-mode no
exec "$@"
