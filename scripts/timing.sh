#!/usr/bin/env bash
# Tests whether the time that a refusal takes tells how much of a signature or of a binding's token was
# right: fails where |t| reaches 4.5 in two runs out of two, since the place of something in memory may
# make the difference in one. Takes a quarter of an hour on a quiet machine; on another one it may miss
# what there is.
#
#   scripts/timing.sh [samples]   # ten million if not given
set -euo pipefail
cd "$(dirname "$0")/.."
cargo bench --locked --quiet -p gemini-webhooks-benches --bench timing -- --samples "${1:-10000000}"
