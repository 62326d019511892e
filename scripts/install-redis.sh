#!/usr/bin/env bash
# Installs redis-server where it is missing: tests and an example start one of their own.
set -euo pipefail

if ! command -v redis-server >/dev/null; then
    if ! command -v apt-get >/dev/null || [ "$(id -u)" -ne 0 ]; then
        echo "redis-server is missing, and only apt as root can install it here" >&2
        exit 1
    fi
    apt-get update
    # Debian would start one as a service, on the usual port: nobody asked for that.
    RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends redis-server
fi

version=$(redis-server --version | sed -n 's/.* v=\([0-9]*\.[0-9]*\).*/\1/p')
if [ "$(printf '%s\n' 6.2 "$version" | sort -V | head -n 1)" != 6.2 ]; then
    echo "redis-server $version is too old: 6.2 or later is needed" >&2
    exit 1
fi
echo "redis-server $version"
