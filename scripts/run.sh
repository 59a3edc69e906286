#!/usr/bin/env bash
# Opens the studio with the given arguments, or without a display does the same job unattended.
set -euo pipefail
cd "$(dirname "$0")/.."
# Compiled modules are kept: where the environment forbids that, every start compiles all of them, for .3 s and more.
unset PYTHONDONTWRITEBYTECODE
if [ "$(uname -s)" = Linux ] && [ -z "${DISPLAY:-}${WAYLAND_DISPLAY:-}${QT_QPA_PLATFORM:-}" ] && [ $# = 0 ]; then
    printf 'No display: doing the proof run unattended, with the window drawn off screen (about a minute).\n'
    QT_QPA_PLATFORM=offscreen exec .venv/bin/python -m dgstudio proof --out out
fi
printf 'Starting the studio…\n'
exec .venv/bin/python -m dgstudio "$@"
