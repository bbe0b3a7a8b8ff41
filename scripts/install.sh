#!/usr/bin/env bash
# Installs with pip into the environment of $1, telling $2 and the larger downloads, nothing else.
# The rest of the arguments goes to pip.
set -euo pipefail

bin=$1
what=$2
shift 2

log=$(mktemp)
trap 'rm -f "$log"' EXIT
began=$SECONDS

echo "installing $what"
# A line for each file of a megabyte or more; pip repeats the size in its progress bar.
if "$bin/python" -m pip install --no-input --progress-bar off "$@" 2>&1 | tee "$log" |
    { grep --line-buffered -E '^ *Downloading .*\([0-9.]+ (MB|GB)\)' || true; }; then
    echo "installed in $((SECONDS - began)) s"
else
    grep -E '^ERROR' "$log" | head -5 >&2 || tail -5 "$log" >&2
    echo "atelier: pip could not install $what; is the package index reachable? Try again" >&2
    exit 1
fi
