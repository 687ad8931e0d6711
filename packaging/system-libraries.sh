#!/bin/sh
# The system libraries that Qt's window needs on Debian and Ubuntu, asked for by name; elsewhere this does nothing.
set -eu
command -v apt-get >/dev/null 2>&1 || exit 0

wanted="libxcb-cursor0 libxcb-icccm4 libxcb-keysyms1 libxcb-image0 libxcb-render-util0 libxcb-xkb1 libxcb-randr0
libxcb-shape0 libxcb-sync1 libxcb-xfixes0 libxcb-shm0 libxcb-util1 libxkbcommon-x11-0 libxkbcommon0 libegl1 libgl1
libfontconfig1 libx11-xcb1 libdbus-1-3 libpulse0 python3-venv fonts-dejavu-core"

missing=""
for name in $wanted; do
    dpkg-query -W -f '${Status}' "$name" 2>/dev/null | grep -q 'ok installed' || missing="$missing $name"
done
# glib was renamed in Debian 13 and Ubuntu 24.04.
ldconfig -p 2>/dev/null | grep -q 'libglib-2.0.so.0' || missing="$missing libglib2.0-0"
[ -n "$missing" ] || exit 0

if [ "$(id -u)" = 0 ]; then as=""; elif command -v sudo >/dev/null 2>&1; then as="sudo"; else
    echo "Trasluz needs these system libraries; ask an administrator to install them:$missing" >&2
    exit 0
fi
echo "Installing the system libraries that the window needs:$missing"
$as apt-get update -qq
# shellcheck disable=SC2086 - one word for each package
DEBIAN_FRONTEND=noninteractive $as apt-get install -y -qq --no-install-recommends $missing
