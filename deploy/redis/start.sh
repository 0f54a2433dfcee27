#!/bin/sh
# Starts Redis with the users of users.acl, their passwords taken from the environment.
set -eu
umask 077
# Passwords are made of letters, digits and . _ ~ = - only (init refuses others), so none can end the expression. It
# comes through a pipe: what stands on a command line, everybody on the machine reads.
printf 's/\\$REDIS_PASSWORD/%s/\ns/\\$REDIS_MONITORING_PASSWORD/%s/\n' "$REDIS_PASSWORD" "$REDIS_MONITORING_PASSWORD" |
    sed -f /dev/stdin /usr/local/share/airfleet/users.acl >/tmp/users.acl
unset REDIS_PASSWORD REDIS_MONITORING_PASSWORD
exec redis-server /usr/local/share/airfleet/redis.conf --aclfile /tmp/users.acl --dir /data --protected-mode no
