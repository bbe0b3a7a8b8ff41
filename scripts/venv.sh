#!/usr/bin/env bash
# Makes the virtual environment in $1 with a Python that is new enough, or says in one line why not.
set -euo pipefail

folder=$1

new_enough() {
    command -v "$1" >/dev/null 2>&1 &&
        "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null
}

for python in "${PYTHON:-python3}" python3 python3.13 python3.12 python3.11; do
    if new_enough "$python"; then
        break
    fi
    python=
done
if [ -z "$python" ]; then
    echo "atelier: needs Python 3.11 or newer; install it, or name it: make PYTHON=python3.12" >&2
    exit 1
fi
if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
    echo "atelier: $python has no venv; install it (on Debian: apt-get install python3-venv)" >&2
    exit 1
fi

echo "making a virtual environment in $folder with $("$python" --version)"
if ! "$python" -m venv "$folder"; then
    rm -rf "$folder"
    echo "atelier: $python could not make the virtual environment $folder; see above" >&2
    exit 1
fi
