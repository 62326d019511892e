# shellcheck shell=bash
# What the scripts share: how they fail, and how they install what is missing. Sourced by them.

fail() {
  echo "$(basename "$0" .sh): $1" >&2
  exit 1
}

# Where cargo puts what it builds.
target_directory() {
  cargo metadata --locked --no-deps --format-version 1 |
    sed -n 's/.*"target_directory":"\([^"]*\)".*/\1/p'
}

install_by_apt() {
  command -v apt-get >/dev/null || fail "missing: $*; install them"
  [ "$(id -u)" -eq 0 ] || fail "missing: $*; install them, or run this as root"
  echo "installing $*"
  apt-get update -qq
  # Debian would start servers as services, on their usual ports: nobody asked for that.
  RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends "$@"
}

# The standard library of some distributions comes in parts, and these two may be missing.
has_python() {
  python3 -c 'import sys, ensurepip, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null
}

install_python() {
  has_python && return
  install_by_apt python3 python3-venv
  has_python || fail "python3 is older than 3.11, or has no working venv module"
}

# Node 20 is the first with WebCrypto as a global, which packages of ours ask for.
has_node() {
  node -e 'process.exit(process.versions.node.split(".")[0] < 20 ? 1 : 0)' 2>/dev/null &&
    npm --version >/dev/null 2>&1
}

install_node() {
  has_node && return
  { command -v node && command -v npm; } >/dev/null || install_by_apt nodejs npm
  has_node || fail "node is older than 20, or npm does not run: install a newer one"
}

# Installs pinned packages into a folder of their own: $1 is the folder, $2 the file of pins, which is
# copied behind a finished installation, as a mark of what is there.
install_packages() {
  local venv=$1 pins=$2
  cmp -s "$pins" "$venv/requirements.txt" && "$venv/bin/python" -c '' 2>/dev/null && return
  rm -rf "$venv"
  mkdir -p "$(dirname "$venv")"
  python3 -m venv "$venv"
  "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --requirement "$pins"
  cp "$pins" "$venv/requirements.txt"
}

# The same for packages of npm: $2 is the folder of package.json and package-lock.json.
install_modules() {
  local folder=$1 pins=$2
  cmp -s "$pins/package-lock.json" "$folder/node_modules/package-lock.json" && return
  mkdir -p "$folder"
  cp "$pins/package.json" "$pins/package-lock.json" "$folder/"
  (cd "$folder" && npm ci --silent --ignore-scripts --no-audit --no-fund)
  cp "$pins/package-lock.json" "$folder/node_modules/"
}
