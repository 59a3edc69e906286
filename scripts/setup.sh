#!/usr/bin/env bash
# Makes .venv ready for a part of the project: `window` (the default) or `all`, with tests, training and exports.
# Instant where nothing has changed. The work is done by scripts/set_up.py; here a Python for it is found.
set -euo pipefail
cd "$(dirname "$0")/.."

part=${1:-window}
wanted=$(cat pyproject.toml constraints.txt requirements/*.txt scripts/{setup.sh,set_up.py,build_hook.py} dgstudio/kernel/{build.py,kernel.{c,h}} | cksum)
done_for() { [ "$(cat ".venv/.set-up-$1" 2>/dev/null)" = "$wanted" ]; }
if .venv/bin/python -c '' 2>/dev/null && { done_for all || done_for "$part"; }; then
    exit 0
fi

refused=""
for candidate in python3.11 python3.12 python3.13 python3; do
    command -v "$candidate" >/dev/null 2>&1 || continue
    if "$candidate" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null; then
        exec "$candidate" -B scripts/set_up.py "$part" "$wanted"
    fi
    refused="; $(command -v "$candidate") is $("$candidate" --version 2>&1)"
done
printf 'dgstudio needs Python 3.11, 3.12 or 3.13, and none was found%s. Install one (Debian: apt-get install python3 python3-venv).\n' "$refused" >&2
exit 1
