#!/usr/bin/env bash
# Records the command line at work: scripts/recording/demo.sh becomes docs/cli.svg.
#
# Needs cargo, python3 and node. The two tools are pinned and go to target/recording.
set -euo pipefail
cd "$(dirname "$0")/.."

pins=$PWD/scripts/recording
work=$PWD/target/recording
mkdir -p "$work" docs

cargo build --locked --quiet --package gemini-webhooks-cli
programs=$(realpath "${CARGO_TARGET_DIR:-target}")/debug

if [ ! -x "$work/venv/bin/asciinema" ]; then
  python3 -m venv "$work/venv"
  "$work/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    --requirement "$pins/requirements.txt"
fi
cp "$pins"/package.json "$pins"/package-lock.json "$work/"
(cd "$work" && npm ci --silent --ignore-scripts --no-audit --no-fund)

# The demonstration runs where nobody can tell who has recorded it.
stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT
cd "$stage"
PATH="$programs:$PATH" HOME=$stage TERM=xterm-256color COLUMNS=100 \
  "$work/venv/bin/asciinema" rec --quiet --overwrite --cols 100 --rows 30 \
  --command "bash $pins/demo.sh" "$stage/cli.cast" </dev/null
cd - >/dev/null
"$work/node_modules/.bin/svg-term" --in "$stage/cli.cast" --out docs/cli.svg \
  --window --width 100 --height 30
echo "docs/cli.svg: $(wc -c <docs/cli.svg) bytes"
