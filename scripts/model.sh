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

source scripts/install.sh

# Optimised where that pays.
build_judge() {
  local profile=dev directory=debug
  [ "$count" -gt 100000 ] && profile=release directory=release
  cargo build --locked --quiet --profile $profile --package gemini-webhooks-model
  judge=$(target_directory)/$directory/gemini-webhooks-model
}

command -v cargo >/dev/null || fail "missing: cargo"
[[ $count =~ ^[1-9][0-9]*$ ]] || fail "the count is a number"
install_python
install_packages $venv $model/requirements.txt
build_judge
PYTHONDONTWRITEBYTECODE=1 $venv/bin/python $model/compare.py "$judge" "$count" "$seed"
