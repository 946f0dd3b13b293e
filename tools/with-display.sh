#!/usr/bin/env bash
# Run a command that opens windows:  tools/with-display.sh [--virtual] command...
#
# Without a screen on Linux it gets a virtual one (Xvfb). With --virtual it gets that wherever Xvfb is installed, so that
# tests neither flash over the desktop nor depend on it.
set -euo pipefail
virtual=
if [ "${1:-}" = --virtual ]; then
    virtual=yes
    shift
fi
screen="${DISPLAY:-}${WAYLAND_DISPLAY:-}"
if [ "$(uname)" != Linux ] || { [ -n "$screen" ] && { [ -z "$virtual" ] || ! command -v xvfb-run >/dev/null; }; }; then
    exec "$@"
fi
if ! command -v xvfb-run >/dev/null || ! command -v xauth >/dev/null; then
    echo "There is no display and no virtual one. Please run: sudo apt-get install xvfb xauth" >&2
    exit 1
fi
# Qt must not prefer a Wayland session to the virtual X display.
unset WAYLAND_DISPLAY
export QT_QPA_PLATFORM=xcb
exec xvfb-run --auto-servernum --server-args="-screen 0 1600x1000x24" "$@"
