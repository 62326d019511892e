#!/usr/bin/env bash
# Measures how much of the parsing and checking code the seeds of the fuzz targets reach by themselves,
# and fails under 95 % of its lines. Takes some minutes: everything is built once more, instrumented.
#
# What they do not reach is set-up and printing (`from_env`, the errors of `build`, `Debug` of the
# verifiers), and lines that no input reaches in this build: `expecting` of visitors that take every kind
# of value, numbers as serde_json's feature `arbitrary_precision` hands them over, what a backend alone
# could refuse, and what an earlier check has ruled out, which the lints ask to be handled all the same.
set -euo pipefail
cd "$(dirname "$0")/.."

command -v cargo-tarpaulin >/dev/null || cargo install --locked --quiet cargo-tarpaulin
# Of the build scripts, which are instrumented too.
trap 'rm -f ./*.profraw' EXIT

files=(
    src/base64.rs src/event.rs 'src/event/*' src/headers.rs src/json.rs src/replay.rs
    src/signature_header.rs src/verifier.rs 'src/verify_static/*' src/verify_dynamic/cache/plan.rs
    src/verify_dynamic/{backend,binding,claims,ed25519,jwt,keys,mod,unread}.rs
)
cargo tarpaulin --engine llvm --locked --no-default-features --features aws-lc-rs --test fuzz_seeds \
    --target-dir "${CARGO_TARGET_DIR:-target}/coverage" --skip-clean \
    "${files[@]/#/--include-files=}" --out Stdout --fail-under 95
