#!/usr/bin/env bash
# Runs the fuzz targets one after the other and fails if any of them finds something.
#
#   scripts/fuzz.sh [seconds] [target...]
#
# Each target (all of them if none is named) runs for that many seconds, 600 if not given. A
# finding is kept in fuzz/artifacts; once it is fixed, it belongs into fuzz/seeds.
#
# The library has no unsafe code, so it runs without a sanitizer, several times faster. With
# FUZZ_SANITIZER=address the unsafe code of its dependencies is watched as well.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

seconds=${1:-600}
if ! [[ $seconds =~ ^[1-9][0-9]*$ ]]; then
  echo "usage: scripts/fuzz.sh [seconds] [target...]" >&2
  exit 2
fi
shift || true
sanitizer=${FUZZ_SANITIZER:-none}
# Memory that was freed is held back to catch its use; by default more than the limit below.
export ASAN_OPTIONS=${ASAN_OPTIONS:-quarantine_size_mb=64}

targets=("$@")
if [[ ${#targets[@]} -eq 0 ]]; then
  for file in fuzz/fuzz_targets/*.rs; do
    targets+=("$(basename "$file" .rs)")
  done
fi

dictionary_of() {
  case $1 in
    binding | event) echo json ;;
    jwt_split | jwt_claims) echo jwt ;;
    jwks) echo jwks ;;
    key_cache) echo key_cache ;;
    *) echo headers ;;
  esac
}

# Longest input, in bytes: enough to pass the limits that the target is about.
length_of() {
  case $1 in
    jwt_split) echo 17000 ;;
    signature_list | v1a) echo 5000 ;;
    jwks) echo 4096 ;;
    secret) echo 1024 ;;
    *) echo 2048 ;;
  esac
}

run() {
  local target=$1
  local corpus=fuzz/corpus/$target
  mkdir -p "$corpus"
  cargo +nightly fuzz run --sanitizer "$sanitizer" "$target" "$corpus" "fuzz/seeds/$target" -- \
    -max_total_time="$seconds" \
    -dict="fuzz/dict/$(dictionary_of "$target").dict" \
    -max_len="$(length_of "$target")" \
    -rss_limit_mb=512 \
    -timeout=5 \
    -print_final_stats=1
}

for target in "${targets[@]}"; do
  if ! [[ -f fuzz/fuzz_targets/$target.rs ]]; then
    echo "there is no fuzz target $target" >&2
    exit 2
  fi
done
if ! cargo +nightly fuzz --version >/dev/null 2>&1; then
  cargo install --locked cargo-fuzz
fi

logs=$(mktemp -d)
trap 'rm -rf "$logs"' EXIT
failed=()
for target in "${targets[@]}"; do
  cargo +nightly fuzz build --sanitizer "$sanitizer" "$target"
  run "$target" 2>&1 | tee "$logs/$target" || failed+=("$target")
done

echo
for target in "${targets[@]}"; do
  executions=$(sed -n 's/^stat::number_of_executed_units: *//p' "$logs/$target")
  printf '%-16s %12s executions\n' "$target" "${executions:-no}"
done
if [[ ${#failed[@]} -gt 0 ]]; then
  echo "found something: ${failed[*]} (see fuzz/artifacts)" >&2
  exit 1
fi
