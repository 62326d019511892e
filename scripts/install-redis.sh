#!/usr/bin/env bash
# Installs redis-server where it is missing: tests and an example start one of their own.
set -euo pipefail
cd "$(dirname "$0")/.."

source scripts/install.sh

command -v redis-server >/dev/null || install_by_apt redis-server
version=$(redis-server --version | sed -n 's/.* v=\([0-9]*\.[0-9]*\).*/\1/p')
if [ "$(printf '%s\n' 6.2 "$version" | sort -V | head -n 1)" != 6.2 ]; then
  fail "redis-server $version is too old: 6.2 or later is needed"
fi
echo "redis-server $version"
