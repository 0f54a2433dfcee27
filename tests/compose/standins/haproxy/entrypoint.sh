#!/bin/sh
# Master-worker mode without the daemon, as the public image runs it.
set -e
case ${1:-} in -*) set -- haproxy "$@" ;; esac
if [ "$1" = haproxy ]; then
    shift
    set -- haproxy -W -db "$@"
fi
exec "$@"
