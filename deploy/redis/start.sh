#!/bin/sh
# Starts Redis with the users of users.acl, their passwords taken from the environment.
set -eu
umask 077
# Passwords contain only letters, digits and . _ ~ = - (init refuses others), so none can end the expression. It comes
# through a pipe, because every user of the machine can read a command line.
printf 's/\\$REDIS_PASSWORD/%s/\ns/\\$REDIS_MONITORING_PASSWORD/%s/\n' "$REDIS_PASSWORD" "$REDIS_MONITORING_PASSWORD" |
    sed -f /dev/stdin /usr/local/share/airfleet/users.acl >/tmp/users.acl
unset REDIS_PASSWORD REDIS_MONITORING_PASSWORD
exec redis-server /usr/local/share/airfleet/redis.conf --aclfile /tmp/users.acl --dir /data --protected-mode no
