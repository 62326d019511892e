#!/usr/bin/env bash
# Compares the public API with the list that was agreed on, tests/api/public-api.txt. Exits with 3 where
# this compiler describes it in another version of the format than is read here.
#
#   scripts/public-api.sh [--update]
set -euo pipefail
cd "$(dirname "$0")/.."

source scripts/install.sh

agreed=tests/api/public-api.txt
# Rustdoc's JSON is not stable: this asks a stable compiler for it, for this file alone.
RUSTC_BOOTSTRAP=1 cargo rustdoc --locked --quiet --lib --all-features -- \
    -Z unstable-options --output-format json
found=$(mktemp)
trap 'rm -f "$found"' EXIT
cargo run --locked --quiet -p gemini-webhooks-public-api -- \
    "$(target_directory)/doc/gemini_webhooks.json" >"$found"
if [[ ${1:-} == --update ]]; then
  cp "$found" "$agreed"
elif ! diff -u "$agreed" "$found"; then
  echo "the public API has changed: if that is meant, run scripts/public-api.sh --update" >&2
  exit 1
fi
echo "$(wc -l <"$agreed") public items"
