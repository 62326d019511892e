#!/usr/bin/env bash
# Counts instructions and allocations of the usual requests and of the costliest that are refused, and
# fails where one has grown. Installs valgrind if it is missing.
#
#   scripts/instructions.sh           # compares with benches/instructions/baseline.json
#   scripts/instructions.sh --renew   # writes it, and the tables of docs/LIMITS.md
set -euo pipefail
cd "$(dirname "$0")/.."

source scripts/install.sh

command -v valgrind >/dev/null || install_by_apt valgrind
cargo bench --locked --quiet -p gemini-webhooks-benches --bench instructions -- "$@"
