#!/bin/sh
# Install cellion with its DOLFINx into the Python of an image; shared by the container recipes.
# Expects the project beside this folder and a Debian-based image with Python 3.12 or newer.
set -eu

cd -- "$(dirname -- "$0")/.."

apt-get update
# A compiler for the kernels of a run; EGL with Mesa's software driver for pictures.
apt-get install -y --no-install-recommends gcc libc6-dev libegl1 libgl1-mesa-dri
rm -rf /var/lib/apt/lists/*

python3 -m pip install --no-cache-dir --only-binary :all: --require-hashes -r requirements/run.lock
python3 -m pip install --no-cache-dir --no-deps .
