#!/bin/sh
# Write requirements/*.lock from pyproject.toml: exact versions and hashes, one file for every
# supported Python. Needs uv (`pip install uv`). Without arguments the versions that are in the
# files stay; `sh tools/lock.sh --upgrade` takes the newest.
set -eu

cd -- "$(dirname -- "$0")/.."

compile() {
    output=requirements/$1.lock
    shift
    uv pip compile --quiet --universal --python-version 3.12 --generate-hashes --no-emit-index-url \
        --custom-compile-command 'sh tools/lock.sh' "$@" --output-file "$output" pyproject.toml
    if grep -nE '://|--(extra-)?index-url|--find-links' "$output" | grep -v '^[0-9]*:#'; then
        echo "lock: $output names where packages come from; it must not" >&2
        exit 1
    fi
}

upgrade=${1:-}
compile docs --extra fenicsx --extra dev --extra docs ${upgrade:+"$upgrade"}
compile dev --extra fenicsx --extra dev --constraint requirements/docs.lock
compile run --extra fenicsx --constraint requirements/docs.lock
