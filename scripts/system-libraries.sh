#!/usr/bin/env bash
# Sees to the Debian libraries that Qt needs: installs them where it may, else prints the exact line and stops.
set -euo pipefail

libraries="libegl1 libgl1 libxkbcommon0 libdbus-1-3 libxcb-cursor0 libxcb-icccm4 libxcb-keysyms1 libxcb-shape0 libxkbcommon-x11-0 libfontconfig1 libpulse0"

[ "$(uname -s)" = Linux ] || exit 0
if ! command -v dpkg-query >/dev/null 2>&1; then
    printf 'Not a Debian system: if the window does not open, install the counterparts of: %s\n' "$libraries" >&2
    exit 0
fi

missing=""
for library in $libraries; do
    # Newer releases renamed some packages with a t64 ending.
    # dpkg-query fails where it does not know one of the two.
    if ! { dpkg-query -W -f '${db:Status-Status}\n' "$library" "${library}t64" 2>/dev/null || true; } | grep -qx installed; then
        missing="$missing $library"
    fi
done
[ -n "$missing" ] || exit 0

if [ "$(id -u)" = 0 ]; then
    as_root=""
elif command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; then
    as_root="sudo -n"
else
    printf 'Qt needs libraries that are not installed. Run this line, then try again:\n\n    sudo apt-get install -y --no-install-recommends%s\n\n' "$missing" >&2
    exit 1
fi
printf 'Installing libraries that Qt needs:%s\n' "$missing"
export DEBIAN_FRONTEND=noninteractive
$as_root apt-get update -qq
# shellcheck disable=SC2086
$as_root apt-get install -y -qq --no-install-recommends $missing >/dev/null
