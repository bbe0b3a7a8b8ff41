#!/usr/bin/env bash
# Sees that each program is there (arguments: program=debian-package): installs the package where
# that is allowed, otherwise names what is missing. In CI nothing may be.
set -euo pipefail

missing=()
for pair in "$@"; do
    command -v "${pair%%=*}" >/dev/null 2>&1 || missing+=("$pair")
done
[ ${#missing[@]} -gt 0 ] || exit 0

if command -v apt-get >/dev/null 2>&1; then
    as_root=()
    [ "$(id -u)" -eq 0 ] || as_root=(sudo -n)
    if [ "$(id -u)" -eq 0 ] || { [ -n "${CI:-}" ] && sudo -n true 2>/dev/null; }; then
        echo "installing Debian packages: ${missing[*]##*=}"
        export DEBIAN_FRONTEND=noninteractive
        "${as_root[@]}" apt-get update -qq >/dev/null 2>&1 || true
        "${as_root[@]}" apt-get install -qq --yes --no-install-recommends \
            "${missing[@]##*=}" >/dev/null 2>&1 || true
    fi
fi

absent=()
for pair in "${missing[@]}"; do
    command -v "${pair%%=*}" >/dev/null 2>&1 || absent+=("${pair%%=*} (Debian ${pair##*=})")
done
[ ${#absent[@]} -gt 0 ] || exit 0

if [ -n "${CI:-}" ]; then
    echo "atelier: CI must not skip tests, but these programs are missing: ${absent[*]}" >&2
    exit 1
fi
echo "missing, so the tests that need it are skipped: ${absent[*]}"
