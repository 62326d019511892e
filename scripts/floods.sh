#!/usr/bin/env bash
# Runs on the full scale what `cargo test` runs on a small one: floods of a million requests, an
# hour's outage, a hundred thousand dropped callers, the memory of ten million forged requests.
# Prints what it measured, and fails where a target is missed. Takes some minutes, in an optimised
# build; the machine should be quiet, since some targets are times.
#
#   scripts/floods.sh [name of a test...]
set -euo pipefail
cd "$(dirname "$0")/.."

cargo test --locked --release --test key_endpoint --test memory -- \
    --ignored --nocapture --test-threads 1 "$@"
