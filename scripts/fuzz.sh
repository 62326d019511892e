#!/usr/bin/env bash
# Runs the fuzz targets one after the other and fails if any of them finds something.
#
#   scripts/fuzz.sh [seconds] [target...]
#   scripts/fuzz.sh --minimise [target...]
#
# Each target (all of them if none is named) runs for that many seconds, 600 if not given. A
# finding is kept in fuzz/artifacts; once it is fixed, it belongs into fuzz/seeds.
#
# With --minimise nothing is sought: those inputs of fuzz/corpus that reach what no seed reaches become
# seeds, the smallest first and within the bounds below, since the seeds are kept in git.
#
# The library has no unsafe code, so it runs without a sanitizer, several times faster. With
# FUZZ_SANITIZER=address the unsafe code of its dependencies is watched as well.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

source scripts/install.sh

# Most seeds of one target, and the largest that is taken out of a corpus, in bytes.
most_seeds=300
largest_seed=1024

seconds=${1:-600}
[[ $seconds =~ ^([1-9][0-9]*|--minimise)$ ]] || fail "usage: scripts/fuzz.sh [seconds | --minimise] [target...]"
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

dictionaries_of() {
  case $1 in
    binding | event) echo json ;;
    jwt_split | jwt_claims) echo jwt ;;
    jwks) echo jwks ;;
    key_cache) echo key_cache ;;
    static_pipeline) echo headers json ;;
    dynamic_pipeline | explain) echo headers json jwt ;;
    *) echo headers ;;
  esac
}

# Longest input, in bytes: enough to pass the limits that the target is about and to leave every seed
# whole. A document of keys is the exception: its limit, 128 KiB, is left to the tests.
length_of() {
  case $1 in
    header_set | jwt_split | signature_list) echo 17000 ;;
    jwks) echo 16384 ;;
    v1a) echo 5000 ;;
    *) echo 2048 ;;
  esac
}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fuzz() {
  touch "$work/started"
  cargo +nightly fuzz run --sanitizer "$sanitizer" "$@" || return
  # What is slow, and yet not too slow, does not end a run, and a merge goes on behind a crash.
  ! find "fuzz/artifacts/$1" -type f -newer "$work/started" | grep .
}

run() {
  local target=$1 dictionary
  local corpus=fuzz/corpus/$target
  mkdir -p "$corpus"
  # libFuzzer takes one file.
  for dictionary in $(dictionaries_of "$target"); do
    cat "fuzz/dict/$dictionary.dict"
  done >"$work/dict"
  fuzz "$target" "$corpus" "fuzz/seeds/$target" -- \
    -max_total_time="$seconds" \
    -dict="$work/dict" \
    -max_len="$(length_of "$target")" \
    -rss_limit_mb=512 \
    -timeout=5 \
    -print_final_stats=1
}

minimise() {
  local target=$1
  local seeds=fuzz/seeds/$target merged=$work/merged small=$work/small room file
  rm -rf "$merged" "$small"
  mkdir "$small"
  cp -r "$seeds" "$merged"
  find "fuzz/corpus/$target" -type f -size "-$((largest_seed + 1))c" -exec cp -t "$small" {} +
  fuzz "$target" "$merged" "$small" -- -set_cover_merge=1 -use_counters=0 \
    -max_len="$(length_of "$target")" || fail "$target fails in its corpus (see fuzz/artifacts)"
  room=$((most_seeds - $(find "$seeds" -type f | wc -l)))
  while [[ $room -gt 0 ]] && read -r _ file; do
    [[ -e $seeds/$file ]] && continue
    cp "$merged/$file" "$seeds/"
    room=$((room - 1))
  done < <(find "$merged" -type f -printf '%s %P\n' | sort -n)
  printf '%s: %s seeds\n' "$target" "$(find "$seeds" -type f | wc -l)"
}

for target in "${targets[@]}"; do
  [[ -f fuzz/fuzz_targets/$target.rs ]] || fail "there is no fuzz target $target"
done
if ! cargo +nightly fuzz --version >/dev/null 2>&1; then
  cargo install --locked cargo-fuzz
fi

if [[ $seconds == --minimise ]]; then
  for target in "${targets[@]}"; do
    [[ -d fuzz/corpus/$target ]] || fail "there is no corpus of $target: fuzz it first"
    minimise "$target"
  done
  exit
fi

failed=()
for target in "${targets[@]}"; do
  cargo +nightly fuzz build --sanitizer "$sanitizer" "$target"
  run "$target" 2>&1 | tee "$work/$target" || failed+=("$target")
done

echo
for target in "${targets[@]}"; do
  executions=$(sed -n 's/^stat::number_of_executed_units: *//p' "$work/$target")
  printf '%-16s %12s executions\n' "$target" "${executions:-no}"
done
if [[ ${#failed[@]} -gt 0 ]]; then
  echo "found something: ${failed[*]} (see fuzz/artifacts)" >&2
  exit 1
fi
