#!/usr/bin/env bash
# Runs on the full scale what `cargo test` runs on a small one: floods of a million requests, an
# hour's outage, a hundred thousand dropped callers, the memory of ten million forged requests, and a
# million deliveries with duplicates and crashes, each processed once.
# Prints what it measured, and fails where a target is missed. Takes some minutes, in an optimised
# build; the machine should be quiet, since some targets are times.
#
#   scripts/floods.sh [name of a test...]
set -euo pipefail
cd "$(dirname "$0")/.."

bash scripts/install-redis.sh
cargo test --locked --release --all-features --test key_endpoint --test memory --test dedup \
    --test redis -- --ignored --nocapture --test-threads 1 "$@"
