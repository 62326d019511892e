#!/usr/bin/env bash
# Compares the public API with the list that was agreed on, tests/api/public-api.txt.
#
#   scripts/public-api.sh [--update]
set -euo pipefail
cd "$(dirname "$0")/.."

agreed=tests/api/public-api.txt
target=${CARGO_TARGET_DIR:-target}
# Rustdoc's JSON is not stable: this asks a stable compiler for it, for this file alone.
RUSTC_BOOTSTRAP=1 cargo rustdoc --locked --quiet --lib --all-features -- \
    -Z unstable-options --output-format json
found=$(mktemp)
trap 'rm -f "$found"' EXIT
status=0
cargo run --locked --quiet -p gemini-webhooks-public-api -- \
    "$target/doc/gemini_webhooks.json" >"$found" || status=$?
case $status in
  0) ;;
  3) printf '\n!! SKIPPED: the public API: this compiler writes another format than is read\n' && exit ;;
  *) exit "$status" ;;
esac
if [[ ${1:-} == --update ]]; then
  cp "$found" "$agreed"
elif ! diff -u "$agreed" "$found"; then
  echo "the public API has changed: if that is meant, run scripts/public-api.sh --update" >&2
  exit 1
fi
echo "$(wc -l <"$agreed") public items"
