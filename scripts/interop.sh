#!/usr/bin/env bash
# Checks this crate against packages of other languages: tests/interop.
#
# Needs cargo, and installs python3, node and npm if they are missing and it may. The packages are
# pinned; they go to target/interop, and only when the pins have changed.
set -euo pipefail
cd "$(dirname "$0")/.."

peers=tests/interop/peers
work=target/interop

source scripts/install.sh

command -v cargo >/dev/null || fail "missing: cargo"
install_python
install_node
install_packages $work/venv $peers/requirements.txt
install_modules $work/node $peers
# Node looks for packages beside the programs.
cp $peers/*.mjs $work/node/
cargo run --locked --quiet --manifest-path tests/interop/Cargo.toml -- \
  $work/venv/bin/python $peers/peer.py node $work/node/peer.mjs
