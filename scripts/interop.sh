#!/usr/bin/env bash
# Checks this crate against packages of other languages: tests/interop.
#
# Needs cargo, and installs python3, node and npm if they are missing and it may. The packages are
# pinned; they go to target/interop, and only when the pins have changed.
set -euo pipefail
cd "$(dirname "$0")/.."

peers=tests/interop/peers
work=target/interop

source scripts/python.sh

has_node() {
  command -v node >/dev/null && command -v npm >/dev/null
}

install_node() {
  has_node && return
  install_by_apt nodejs npm
  has_node || fail "node and npm do not run"
}

# The lock file is copied behind a finished installation, as a mark of what is there.
install_javascript_peer() {
  local node=$work/node
  mkdir -p $node
  # Node looks for packages beside the programs.
  cp $peers/*.mjs $peers/package.json $node/
  cmp -s $peers/package-lock.json $node/node_modules/package-lock.json && return
  cp $peers/package-lock.json $node/
  (cd $node && npm ci --silent --ignore-scripts --no-audit --no-fund)
  cp $peers/package-lock.json $node/node_modules/
}

command -v cargo >/dev/null || fail "missing: cargo"
install_python
install_node
install_packages $work/venv $peers/requirements.txt
install_javascript_peer
cargo run --locked --quiet --manifest-path tests/interop/Cargo.toml -- \
  $work/venv/bin/python $peers/peer.py node $work/node/peer.mjs
