#!/usr/bin/env bash
# Lets an independent model of the rules in Python and this crate judge the same requests: tests/model.
#
#   scripts/model.sh [count] [seed]
#
# Without a count a million requests, which takes some twenty minutes on one core. Needs cargo, and
# installs python3 if it is missing and it may. The package is pinned; it goes to target/model.
set -euo pipefail
cd "$(dirname "$0")/.."

count=${1:-1000000}
seed=${2:-1}
model=tests/model
venv=target/model/venv

fail() {
  echo "model: $1" >&2
  exit 1
}

# The standard library of some distributions comes in parts, and these two may be missing.
has_python() {
  python3 -c 'import sys, ensurepip, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null
}

install_python() {
  has_python && return
  command -v apt-get >/dev/null || fail "missing: python3 (3.11 or later) with venv; install it"
  [ "$(id -u)" -eq 0 ] || fail "missing: python3 (3.11 or later) with venv; install it, or run this as root"
  echo "installing python3"
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends python3 python3-venv
  has_python || fail "python3 is older than 3.11, or has no working venv module"
}

# Pins are copied behind a finished installation, as a mark of what is there.
install_packages() {
  cmp -s $model/requirements.txt $venv/requirements.txt && $venv/bin/python -c '' 2>/dev/null && return
  rm -rf $venv
  mkdir -p "$(dirname $venv)"
  python3 -m venv $venv
  $venv/bin/python -m pip install --quiet --disable-pip-version-check \
    --requirement $model/requirements.txt
  cp $model/requirements.txt $venv/requirements.txt
}

# Optimised where that pays.
build_judge() {
  local profile=dev directory=debug target
  [ "$count" -gt 100000 ] && profile=release directory=release
  cargo build --locked --quiet --profile $profile --package gemini-webhooks-model
  target=$(cargo metadata --locked --no-deps --format-version 1 |
    python3 -c 'import json, sys; print(json.load(sys.stdin)["target_directory"])')
  judge=$target/$directory/gemini-webhooks-model
}

command -v cargo >/dev/null || fail "missing: cargo"
[[ $count =~ ^[1-9][0-9]*$ ]] || fail "the count is a number"
install_python
install_packages
build_judge
PYTHONDONTWRITEBYTECODE=1 $venv/bin/python $model/compare.py "$judge" "$count" "$seed"
