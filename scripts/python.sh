# What scripts/interop.sh and scripts/model.sh share; sourced by them.

fail() {
  echo "$(basename "$0" .sh): $1" >&2
  exit 1
}

install_by_apt() {
  command -v apt-get >/dev/null || fail "missing: $*; install them"
  [ "$(id -u)" -eq 0 ] || fail "missing: $*; install them, or run this as root"
  echo "installing $*"
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends "$@"
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
