#!/usr/bin/env bash
# Runs the compose tests on a bare Debian machine, as root: installs an engine and a browser, makes the stand-ins,
# runs pytest on this folder, and stops the engine. `make test-compose` calls it.
#   PYTEST                 pytest of an environment with requirements/dev.lock (default: .venv/bin/pytest)
#   AIRFLEET_CI_LOGS       where every service's log goes (default: build/compose-logs)
set -euo pipefail

root=$(cd "$(dirname "$0")/../.." && pwd)
here=$root/tests/compose
export AIRFLEET_COMPOSE_TESTS=1 AIRFLEET_CI_LOGS=${AIRFLEET_CI_LOGS:-$root/build/compose-logs}

"$here/lint.sh"
"$here/engine.sh" install
command -v chromium >/dev/null || {
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium fonts-dejavu-core >/dev/null
}
trap '"$here/engine.sh" stop' EXIT
"$here/engine.sh" start
eval "$("$here/engine.sh" env)"
PYTHON=$(dirname "${PYTEST:-$root/.venv/bin/pytest}")/python "$here/standins/make.sh"

cd "$root"
# The classic builder: the stand-ins are known to this engine only.
DOCKER_BUILDKIT=0 "${PYTEST:-$root/.venv/bin/pytest}" "$here" "$@"
