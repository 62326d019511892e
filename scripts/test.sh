#!/usr/bin/env bash
# Sets up and runs what every change must pass; CONTRIBUTING.md names the longer runs. Needs a Rust
# toolchain; installs by apt, as root, whatever else is missing, and says loudly what it has to skip.
set -euo pipefail
cd "$(dirname "$0")/.."
export CARGO_TERM_COLOR=never
# Nothing is built twice here, so that there is nothing to keep for it.
export CARGO_INCREMENTAL=0

step() { printf '\n== %s\n' "$*"; }
skipped() { printf '\n!! SKIPPED: %s\n' "$*"; }

# The features of the library, each to be checked alone, and both backends.
mapfile -t features < <(sed -n '/^\[features\]/,/^\[\[/s/^\([a-z-]*\) = .*/\1/p' Cargo.toml)
features+=(aws-lc-rs,rust-crypto)

step "format"
cargo fmt --all --check
cargo fmt --check --manifest-path fuzz/Cargo.toml

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

step "the build for static webhooks alone"
cargo test --locked --no-default-features --lib --test wire_rules --test rotation --test events \
    --test axum --test standard_webhooks_vectors --test fuzz_seeds
cargo test --locked --no-default-features --features explain --lib --test explain

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
bash scripts/public-api.sh

step "an independent model of the rules judges alike"
bash scripts/model.sh 20000

step "package"
cargo package --locked --quiet --allow-dirty --package gemini-webhooks --list >/dev/null
cargo publish --locked --quiet --allow-dirty --package gemini-webhooks --dry-run --no-verify

step "dependencies: licences, sources, bans"
command -v cargo-deny >/dev/null || cargo install --locked --quiet cargo-deny
cargo deny --workspace check --hide-inclusion-graph bans licenses sources
if cargo deny --workspace fetch db; then
    cargo deny --workspace check --hide-inclusion-graph advisories
else
    skipped "advisories: their database cannot be reached from this machine"
fi

msrv=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)
if rustup toolchain list 2>/dev/null | grep -q "^$msrv"; then
    step "the oldest supported compiler, $msrv"
    cargo "+$msrv" check --locked --all-features --lib
else
    skipped "the oldest supported compiler: no toolchain $msrv on this machine"
fi

step "all checks passed"
