#!/usr/bin/env bash
# Makes every stand-in under the public tag that the compose files name. An image that is there already is kept as long
# as it was made of the same files: its label says of which.
#   PYTHON   of an environment with requirements/dev.lock (default: .venv/bin/python); it builds the Go programs
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../../.." && pwd)
label=airfleet.made-of
# digest PATH...: of the contents of these files and folders
digest() { find "$@" -type f -print0 | sort -z | xargs -0 cat | sha256sum | cut -d' ' -f1; }
# is_made_of TAG DIGEST
is_made_of() { [ "$(docker image inspect --format "{{index .Config.Labels \"$label\"}}" "$1" 2>/dev/null)" = "$2" ]; }
# build TAG DIGEST ARGUMENTS...; not BuildKit: the base exists only in this engine.
build() { DOCKER_BUILDKIT=0 docker build --quiet --tag "$1" --label "$label=$2" "${@:3}" >/dev/null; }

base=$(digest "$here/base.sh")
if ! is_made_of debian:trixie-slim "$base"; then "$here/base.sh" "$label=$base"; fi
while read -r folder tag; do
    made_of=$(digest "$here/base.sh" "$here/$folder")
    if ! is_made_of "$tag" "$made_of"; then build "$tag" "$made_of" "$here/$folder"; fi
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
    made_of=$(digest "$here/base.sh" "$here/monitoring" "$program")
    if ! is_made_of "$tag" "$made_of"; then
        context=$(mktemp -d)
        cp "$program" "$here/monitoring/Dockerfile" "$context"
        build "$tag" "$made_of" --build-arg "PROGRAM=$(basename "$program")" "$context"
        rm -rf "$context"
    fi
done
