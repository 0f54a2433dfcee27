#!/usr/bin/env bash
# Makes every stand-in under the public tag that the compose files name; an image that is there already is kept.
#   PYTHON   of an environment with requirements/dev.lock (default: .venv/bin/python); it builds the Go programs
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../../.." && pwd)
missing() { ! docker image inspect "$1" >/dev/null 2>&1; }
# Not BuildKit: the base exists only in this engine.
build() { DOCKER_BUILDKIT=0 docker build --quiet "$@" >/dev/null; }

if missing debian:trixie-slim; then "$here/base.sh"; fi
while read -r folder tag; do
    if missing "$tag"; then build --tag "$tag" "$here/$folder"; fi
done <<'TAGS'
postgres postgres:17-trixie
redis redis:8.0
haproxy haproxy:3.0
TAGS

# One path and one tag a line; programs that the user's cache has already are not built again.
programs() {
    PYTHONPATH=$root/src "${PYTHON:-$root/.venv/bin/python}" - <<'PY'
import sys

from airfleet.observe.servers import build

said = lambda name, line: print(f"{name}: {line}", file=sys.stderr)
paths = build.build(build.default_cache(), build.RUNTIME, progress=said)
for program in build.RUNTIME:
    print(paths[program.name], f"prom/{program.name.replace('_', '-')}:v{program.version}")
PY
}
programs | while read -r program tag; do
    if missing "$tag"; then
        context=$(mktemp -d)
        cp "$program" "$here/monitoring/Dockerfile" "$context"
        build --tag "$tag" --build-arg "PROGRAM=$(basename "$program")" "$context"
        rm -rf "$context"
    fi
done
