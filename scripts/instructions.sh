#!/usr/bin/env bash
# Counts instructions and allocations of the usual requests and of the costliest that are refused, and
# fails where one has grown. Installs valgrind if it is missing.
#
#   scripts/instructions.sh           # compares with benches/instructions/baseline.json
#   scripts/instructions.sh --renew   # writes it, and the tables of docs/LIMITS.md
set -euo pipefail
cd "$(dirname "$0")/.."

if ! command -v valgrind >/dev/null; then
    if ! command -v apt-get >/dev/null || [ "$(id -u)" -ne 0 ]; then
        echo "valgrind is missing, and only apt as root can install it here" >&2
        exit 1
    fi
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends valgrind
fi
cargo bench --locked --quiet -p gemini-webhooks-benches --bench instructions -- "$@"
