#!/usr/bin/env bash
# Makes .venv with the pinned dependencies and sees to Qt's system libraries. Quick when nothing has changed.
set -euo pipefail
cd "$(dirname "$0")/.."

fail() { printf '%s\n' "$*" >&2; exit 1; }

bash scripts/system-libraries.sh

find_python() {
    local candidate
    for candidate in python3.11 python3.12 python3.13 python3; do
        if command -v "$candidate" >/dev/null 2>&1 &&
            "$candidate" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null; then
            printf '%s\n' "$candidate"
            return
        fi
    done
}

stamp=.venv/.dgstudio-set-up
wanted=$(cat pyproject.toml constraints.txt scripts/setup.sh | cksum)
if [ -x .venv/bin/python ] && [ "$(cat "$stamp" 2>/dev/null)" = "$wanted" ]; then
    exit 0
fi

python=$(find_python)
[ -n "$python" ] || fail "dgstudio needs Python 3.11, 3.12 or 3.13, and none was found: install one (Debian: apt-get install python3.11 python3.11-venv)."
if ! .venv/bin/python -m pip --version >/dev/null 2>&1; then
    rm -rf .venv
    "$python" -m venv .venv 2>/dev/null || fail "Python's venv module is missing: install it (Debian: apt-get install ${python}-venv) and run this again."
fi
printf 'Setting up .venv: a few minutes the first time.\n'
# torch first and by exactly this pin: other spellings pull gigabytes of GPU packages.
.venv/bin/python -m pip install --quiet --disable-pip-version-check torch==2.13.0
.venv/bin/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev,train,lab,export]'
printf '%s' "$wanted" >"$stamp"
