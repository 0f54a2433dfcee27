#!/usr/bin/env bash
# Lints what builds and describes the deployment, and resolves the image's lock for the other architecture.
set -euo pipefail

root=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" --quiet install --require-hashes -r "$root/tests/compose/lint.lock"
"$work/venv/bin/pip" --quiet install --require-hashes -r "$root/requirements/uv.lock"

cd "$root"
"$work/venv/bin/hadolint" airflow/Dockerfile deploy/pgbouncer/Dockerfile
for file in docker-compose.*.yml; do
    # --no-env: the same findings whether or not somebody has filled an .env here. Its config gives the reasons.
    "$work/venv/bin/compose-lint" check --no-env --fail-on medium "$file"
done
"$work/venv/bin/uv" pip install --quiet --dry-run --target "$work/wheels" --python-version 3.13 \
    --python-platform aarch64-manylinux_2_28 --only-binary :all: --require-hashes -r airflow/requirements.lock
echo "Every package of the image has a wheel for aarch64."
