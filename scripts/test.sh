#!/usr/bin/env bash
# Sets up and runs what every change must pass; CONTRIBUTING.md names the longer runs. Needs a Rust
# toolchain; installs by apt, as root, whatever else is missing, and says loudly what it has to skip.
set -euo pipefail
cd "$(dirname "$0")/.."
export CARGO_TERM_COLOR=never
# Nothing is built twice here, so that there is nothing to keep for it.
export CARGO_INCREMENTAL=0
# Servers of tests are on this machine, and no proxy brings anybody there.
export NO_PROXY="${NO_PROXY:+$NO_PROXY,}127.0.0.1" no_proxy="${no_proxy:+$no_proxy,}127.0.0.1"

source scripts/install.sh

step() { printf '\n== %s\n' "$*"; }

skips=()
skipped() {
    printf '\n!! SKIPPED: %s\n' "$*"
    skips+=("$*")
}

target=$(target_directory)

# The features of the library, each to be checked alone, and both backends.
mapfile -t features < <(sed -n '/^\[features\]/,/^\[\[/s/^\([a-z-]*\) = .*/\1/p' Cargo.toml)
[ ${#features[@]} -ge 14 ] || fail "Cargo.toml names ${#features[@]} features, and had 14"
# What needs no compiler of C.
portable=$(printf '%s\n' "${features[@]}" | grep -vxE 'default|aws-lc-rs|fetch|client' | paste -sd ,)
features+=("aws-lc-rs,rust-crypto")

step "format"
cargo fmt --all --check
cargo fmt --check --manifest-path fuzz/Cargo.toml

step "what the documents point at is there"
install_python
python3 scripts/links.py

step "lints"
cargo clippy --locked --all-features --lib -- -D warnings
# No input of a stranger may stop the command line either.
cargo clippy --locked --package gemini-webhooks-cli --bins -- -D warnings
# Programs and tests may panic: that is how a test fails.
cargo clippy --locked --workspace --all-features --all-targets -- -D warnings \
    -A clippy::unwrap_used -A clippy::expect_used -A clippy::panic -A clippy::indexing_slicing \
    -A clippy::arithmetic_side_effects -A clippy::as_conversions \
    -A clippy::format_push_string -A clippy::needless_pass_by_value -A clippy::redundant_closure_for_method_calls -A missing_docs

step "each feature alone, none, and all: build, docs and lints without warnings"
# Of the library alone: dev-dependencies, which turn on features of the library itself, are not built
# and turn nothing on (Cargo's resolver 2 and later).
for feature in "" "${features[@]}"; do
    cargo clippy --locked --lib --no-default-features --features "$feature" -- -D warnings
    RUSTDOCFLAGS="-D warnings" cargo doc --locked --quiet --no-deps --lib --no-default-features --features "$feature"
done
RUSTDOCFLAGS="-D warnings" cargo doc --locked --quiet --no-deps --lib --all-features

step "the library for other processors: 32 bits, and ARM"
# Checked and not run: nothing is linked, so that no linker for them is needed.
for processor in i686 aarch64; do
    triple=$processor-unknown-linux-gnu
    if timeout 120 rustup target add "$triple"; then
        cargo check --locked --lib --target "$triple" --no-default-features --features "$portable"
    else
        skipped "the library for $processor: rustup cannot install its standard library on this machine"
    fi
done

step "the fuzz targets"
# Never linked here, so that libFuzzer need not be built.
CUSTOM_LIBFUZZER_PATH=none/none cargo check --locked --bins --manifest-path fuzz/Cargo.toml \
    --target-dir "$target"

step "redis-server, for the tests that need a real one"
bash scripts/install-redis.sh

step "tests, examples and documentation"
RUSTDOC="$PWD/scripts/rustdoc.sh" cargo test --locked --all-features

step "every adapter and every recipe, over real HTTP"
cargo test --locked --package 'recipe-*'

step "the command line"
cargo test --locked --package gemini-webhooks-cli

step "the same verdicts on all vectors without overflow checks, optimised as in a release"
# Of the library alone, so that its dependencies are not built once more.
release=profile.dev.package.gemini-webhooks
cargo test --locked --all-features --config "$release.opt-level=3" \
    --config "$release.debug-assertions=false" --config "$release.overflow-checks=false" \
    --lib --test advisories --test backends --test dynamic_rules --test events --test fuzz_seeds \
    --test mixed_endpoint --test standard_webhooks_vectors --test wire_rules

step "the build that users get by default"
cargo test --locked --lib --tests

step "the build for static webhooks alone"
# With `explain`, which dev-dependencies turn on anyhow.
cargo test --locked --no-default-features --features explain --lib --test wire_rules --test rotation \
    --test events --test axum --test standard_webhooks_vectors --test fuzz_seeds --test explain

step "numbers as a feature of serde_json disguises them, which any crate of a build may turn on"
cargo test --locked --no-default-features --features explain,serde_json/arbitrary_precision --lib --test events

step "the other backend, alone"
cargo test --locked --no-default-features --features rust-crypto,explain --lib --test backends \
    --test explain --test mixed_endpoint --test key_cache --test dynamic_rules --test advisories \
    --test observe_hook --test fuzz_seeds

step "the main job"
cargo run --locked --quiet --example quickstart
cargo run --locked --quiet --features dedup-memory --example answer_first
cargo run --locked --quiet --example reconcile

step "benchmarks build and run once"
cargo bench --locked --quiet --profile dev -p gemini-webhooks-benches -- --once

step "no request costs more than it did: instructions and allocations"
bash scripts/instructions.sh

step "other implementations verify what we sign, and the other way round"
bash scripts/interop.sh

step "the public API is the one that was agreed on"
status=0
bash scripts/public-api.sh || status=$?
case $status in
    0) ;;
    3) skipped "the public API: this compiler describes it in another format than is read" ;;
    *) exit "$status" ;;
esac

step "an independent model of the rules judges alike"
bash scripts/model.sh 20000

step "package"
# Built once from what is packed; the least of it, since no file is there for one feature alone.
package() {
    local said
    said=$(cargo package --locked --allow-dirty --target-dir "$target" "$@" 2>&1) || fail "$said"
    # The tests stay here: they need what lies beside them.
    said=$(grep -v '^warning: ignoring test ' <<<"$said")
    echo "$said"
    ! grep -q '^warning' <<<"$said" || fail "a package with warnings"
}
package --package gemini-webhooks --no-default-features
# Not built, with all that it depends on, a second time.
package --package gemini-webhooks --package gemini-webhooks-cli --no-verify

step "dependencies: licences, sources, bans"
command -v cargo-deny >/dev/null || cargo install --locked --quiet cargo-deny
cargo deny --workspace check --hide-inclusion-graph bans licenses sources
if cargo deny --workspace fetch db; then
    cargo deny --workspace check --hide-inclusion-graph advisories
else
    skipped "advisories: their database cannot be reached from this machine"
fi

msrv=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)
if cargo "+$msrv" --version 2>/dev/null ||
    timeout 300 rustup toolchain install "$msrv" --profile minimal --no-self-update; then
    step "the oldest supported compiler, $msrv"
    cargo "+$msrv" check --locked --all-features --lib
else
    skipped "the oldest supported compiler: rustup cannot install $msrv on this machine"
fi

if [ ${#skips[@]} -eq 0 ]; then
    step "all checks passed"
else
    step "all checks passed, but ${#skips[@]} skipped:"
    printf '!! %s\n' "${skips[@]}"
fi
