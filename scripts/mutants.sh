#!/usr/bin/env bash
# Changes the checking code in one place at a time and sees that a test fails each time.
#
#   scripts/mutants.sh [group...]
#
# Without a group it runs them all, which takes hours on two cores. What may survive is excluded in
# .cargo/mutants.toml, each with its reason; anything else that survives fails the run. The result
# of each group is kept in target/mutants.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

source scripts/install.sh

command -v cargo-mutants >/dev/null || cargo install --locked cargo-mutants

# Which files a group changes.
files_of() {
  case $1 in
    rules) echo 'src/replay.rs src/headers.rs src/signature_header.rs src/settings.rs src/verify_static/*.rs' ;;
    event) echo 'src/event.rs src/event/*.rs src/json.rs src/delivery.rs src/delivery/*.rs' ;;
    numbers) echo 'src/json.rs src/event/read.rs' ;;
    jwt) echo 'src/verify_dynamic/[!kf]*.rs src/verifier.rs src/observe.rs src/base64.rs' ;;
    rust-crypto) echo 'src/verify_dynamic/backend.rs' ;;
    keys) echo 'src/verify_dynamic/keys.rs' ;;
    cache) echo 'src/verify_dynamic/cache/*.rs' ;;
    fetch) echo 'src/verify_dynamic/fetch.rs src/http_client.rs' ;;
    dedup) echo 'src/dedup/*.rs' ;;
  esac
}

# The tests beside the crate's own that know these files: to build all others as well would take days.
tests_of() {
  case $1 in
    rules) echo 'wire_rules standard_webhooks_vectors rotation mixed_endpoint explain fuzz_seeds' ;;
    event) echo 'wire_rules events dynamic_rules fuzz_seeds' ;;
    numbers) echo 'events' ;;
    jwt) echo 'dynamic_rules advisories mixed_endpoint observe_hook observe_spans explain fuzz_seeds' ;;
    rust-crypto) echo 'backends dynamic_rules' ;;
    keys) echo 'dynamic_rules advisories fuzz_seeds' ;;
    cache) echo 'key_cache dynamic_rules observe_hook fuzz_seeds' ;;
    fetch) echo 'fetch' ;;
    dedup) echo 'dedup redis' ;;
  esac
}

features_of() {
  case $1 in
    rules) echo aws-lc-rs,explain ;;
    jwt) echo aws-lc-rs,explain,tracing ;;
    event | keys | cache) echo aws-lc-rs ;;
    numbers) echo aws-lc-rs,serde_json/arbitrary_precision ;;
    rust-crypto) echo rust-crypto ;;
    fetch) echo aws-lc-rs,fetch ;;
    dedup) echo aws-lc-rs,dedup-memory,redis ;;
  esac
}

# What another group judges, in a build that does something there.
elsewhere() {
  case $1 in
    event) echo 'disguised_number|replace == with != in .*DataSeed' ;;
    rust-crypto) echo aws_lc:: ;;
    *) echo rust_crypto:: ;;
  esac
}

groups=("$@")
[[ ${#groups[@]} -gt 0 ]] || groups=(rules event numbers jwt rust-crypto keys cache fetch dedup)
for group in "${groups[@]}"; do
  [[ -n $(files_of "$group") ]] || fail "there is no group $group"
done

# What the model of the key cache takes its time for concerns the cache alone.
skipped_by() { [[ $1 == cache ]] || echo '--skip cache::model'; }

failed=()
for group in "${groups[@]}"; do
  files=()
  for file in $(files_of "$group"); do files+=(--file "$file"); done
  targets=(--cargo-arg=--lib)
  for test in $(tests_of "$group"); do targets+=(--cargo-arg=--test="$test"); done
  read -ra skip <<<"$(skipped_by "$group")"
  printf '\n== %s\n' "$group"
  mkdir -p "target/mutants/$group"
  cargo mutants "${files[@]}" --jobs "$(nproc)" --no-shuffle --timeout 120 --output target/mutants/"$group" \
    --no-default-features --features "$(features_of "$group")" --cap-lints true "${targets[@]}" \
    --exclude-re "$(elsewhere "$group")" -- -- "${skip[@]}" || failed+=("$group")
done

if [[ ${#failed[@]} -gt 0 ]]; then
  echo "something survived, or no test judged it, in: ${failed[*]}" >&2
  exit 1
fi
