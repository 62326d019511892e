#!/usr/bin/env bash
# Measures what verification costs a whole receiver, over real HTTP: deliveries per second and p99.
set -euo pipefail
cd "$(dirname "$0")/.."
bash scripts/install-redis.sh
cargo bench --locked --quiet -p gemini-webhooks-benches --bench load
