#!/usr/bin/env bash
# Checks this crate against packages of other languages: tests/interop.
#
# Needs cargo, and installs python3, node and npm if they are missing and it may. The packages are
# pinned; they go to target/interop, and only when the pins have changed.
set -euo pipefail
cd "$(dirname "$0")/.."

peers=tests/interop/peers
work=target/interop

fail() {
  echo "interop: $1" >&2
  exit 1
}

# The standard library of some distributions comes in parts, and these two may be missing.
has_python() {
  python3 -c 'import ensurepip, venv' 2>/dev/null
}

has_node() {
  command -v node >/dev/null && command -v npm >/dev/null
}

install_missing() {
  local missing=()
  has_python || missing+=(python3 python3-venv)
  has_node || missing+=(nodejs npm)
  [ ${#missing[@]} -eq 0 ] && return
  command -v apt-get >/dev/null || fail "missing: ${missing[*]}; install them"
  [ "$(id -u)" -eq 0 ] || fail "missing: ${missing[*]}; install them, or run this as root"
  echo "installing ${missing[*]}"
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends "${missing[@]}"
  has_python || fail "python3 has no working venv module"
  has_node || fail "node and npm do not run"
}

# Pins are copied behind a finished installation, as a mark of what is there.
install_python_peer() {
  local venv=$work/venv
  cmp -s $peers/requirements.txt $venv/requirements.txt && $venv/bin/python -c '' 2>/dev/null && return
  rm -rf $venv
  python3 -m venv $venv
  $venv/bin/python -m pip install --quiet --disable-pip-version-check \
    --requirement $peers/requirements.txt
  cp $peers/requirements.txt $venv/requirements.txt
}

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
install_missing
mkdir -p $work
install_python_peer
install_javascript_peer
cargo run --locked --quiet --manifest-path tests/interop/Cargo.toml -- \
  $work/venv/bin/python $peers/peer.py node $work/node/peer.mjs
