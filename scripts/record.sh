#!/usr/bin/env bash
# Records the command line at work: scripts/recording/demo.sh becomes docs/cli.svg.
#
# Needs cargo, and installs python3, node and npm if they are missing and it may. The two tools are
# pinned and go to target/recording.
set -euo pipefail
cd "$(dirname "$0")/.."

pins=$PWD/scripts/recording
work=$PWD/target/recording

source scripts/install.sh

command -v cargo >/dev/null || fail "missing: cargo"
install_python
install_node
install_packages "$work/venv" "$pins/requirements.txt"
install_modules "$work" "$pins"
cargo build --locked --quiet --package gemini-webhooks-cli
programs=$(target_directory)/debug

# The demonstration runs where nobody can tell who has recorded it.
stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT
cd "$stage"
PATH="$programs:$PATH" HOME=$stage TERM=xterm-256color COLUMNS=100 \
  "$work/venv/bin/asciinema" rec --quiet --overwrite --cols 100 --rows 30 \
  --command "bash $pins/demo.sh && touch finished" "$stage/cli.cast" </dev/null
[ -e finished ] || fail "the demonstration has stopped halfway"
cd - >/dev/null
"$work/node_modules/.bin/svg-term" --in "$stage/cli.cast" --out docs/cli.svg \
  --window --width 100 --height 30
echo "docs/cli.svg: $(wc -c <docs/cli.svg) bytes"
