#!/usr/bin/env bash
# The compose tests on a bare Debian machine, as root: `make test-compose` calls it.
#
#   ci.sh [PYTEST OPTIONS]   prepares what is not there yet, starts the engine, runs pytest on this folder, stops it
#   ci.sh prepare            only installs an engine and a browser, and makes the stand-ins and the images: what can be
#                            done beside other work
#
#   PYTEST                 pytest of an environment with requirements/dev.lock (default: .venv/bin/pytest)
#   AIRFLEET_CI_LOGS       where every service's log goes (default: build/compose-logs)
set -euo pipefail

root=$(cd "$(dirname "$0")/../.." && pwd)
here=$root/tests/compose
pytest=${PYTEST:-$root/.venv/bin/pytest}
# The classic builder: the stand-ins are known to this engine only.
export DOCKER_BUILDKIT=0
cd "$root"

"$here/engine.sh" install
command -v chromium >/dev/null || {
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium fonts-dejavu-core >/dev/null
}
trap '"$here/engine.sh" stop' EXIT
"$here/engine.sh" start
eval "$("$here/engine.sh" env)"
# A run that was killed leaves containers behind, and volumes of another run's passwords.
docker ps --all --quiet | xargs --no-run-if-empty docker rm --force >/dev/null
docker volume ls --quiet | xargs --no-run-if-empty docker volume rm --force >/dev/null
PYTHON=$(dirname "$pytest")/python "$here/standins/make.sh"
# The same files as those that the tests bring up: their own build finds every step done.
docker build --quiet --tag airfleet:local --file airflow/Dockerfile .
docker build --quiet --tag airfleet-pgbouncer:local deploy/pgbouncer
[ "${1:-}" != prepare ] || exit 0

export AIRFLEET_COMPOSE_TESTS=1 AIRFLEET_CI_LOGS=${AIRFLEET_CI_LOGS:-$root/build/compose-logs}
"$pytest" "$here" "$@"
