#!/usr/bin/env bash
# Makes every stand-in under the public tag that the compose files name; an image that is there already is kept.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
missing() { ! docker image inspect "$1" >/dev/null 2>&1; }

if missing debian:trixie-slim; then "$here/base.sh"; fi
while read -r folder tag; do
    # Not BuildKit: the base exists only in this engine.
    if missing "$tag"; then DOCKER_BUILDKIT=0 docker build --quiet --tag "$tag" "$here/$folder" >/dev/null; fi
done <<'TAGS'
postgres postgres:17-trixie
redis redis:8.0
haproxy haproxy:3.0
TAGS
