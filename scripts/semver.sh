#!/usr/bin/env bash
# Looks for changes of the public API that break its users, against a revision of this repository.
#
#   scripts/semver.sh [revision]      # the last tag, or the last commit if there is none
set -euo pipefail
cd "$(dirname "$0")/.."

command -v cargo-semver-checks >/dev/null || cargo install --locked cargo-semver-checks
baseline=${1:-$(git describe --tags --abbrev=0 2>/dev/null || git rev-parse HEAD^)}
cargo semver-checks --package gemini-webhooks --all-features --baseline-rev "$baseline"
