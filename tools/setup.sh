#!/usr/bin/env bash
# Set up everything one extra of pyproject.toml needs:  tools/setup.sh all|test|dev
#
# Needs nothing but bash and a Python >= 3.11. What is missing besides (the venv module, the libraries that Qt loads, a
# virtual display) comes from apt where that is possible without asking; elsewhere the command to run is printed.
# Runs on Linux and macOS. One line a step; the log of a step is shown when it fails.
set -euo pipefail
cd "$(dirname "$0")/.."
extra=${1:?usage: tools/setup.sh all|test|dev}
venv=${VENV:-.venv}
log=$(mktemp)
trap 'rm -f "$log"' EXIT

fail() {
    printf '\n%s\n' "$@" >&2
    exit 1
}

# Run a step quietly: step "what is happening" command...
step() {
    local seconds=$SECONDS
    printf '%s ...' "$1"
    if ! "${@:2}" >"$log" 2>&1 </dev/null; then
        printf ' failed. The log:\n'
        cat "$log"
        fail "\"$1\" failed; the reason should stand in the log above."
    fi
    printf ' done in %d s\n' $((SECONDS - seconds))
}

# How to become root without being asked for a password; status 1 if there is no way.
as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
        sudo -n "$@"
    else
        return 1
    fi
}

apt_install() {
    as_root apt-get update -qq
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@"
}

# Install Debian packages, or say how.
install_packages() {
    if ! command -v apt-get >/dev/null; then
        fail "Some system libraries are missing. On Debian and Ubuntu they are called" "    $*" \
            "Install what your system calls them, then run make again."
    elif ! as_root true; then
        fail "Some system packages are missing. Please run" "    sudo apt-get install $*" "and then make again."
    fi
    step "Installing system packages (for the viewer and the virtual environment)" apt_install "$@"
}

# The Python that .venv is made with, unless .venv is there and works.
find_python() {
    local candidate
    for candidate in ${PYTHON:-} python3 python3.14 python3.13 python3.12 python3.11; do
        if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            command -v "$candidate"
            return
        fi
    done
    fail "napari-kseg needs Python 3.11 or newer, and none was found on the PATH (python3 is $(python3 --version 2>&1 || true))." \
        "Install one, or name it: make PYTHON=/path/to/python ..."
}

# The Debian packages whose libraries Qt loads, and that are not there yet.
missing_libraries() {
    local present soname package
    present=$(PATH=$PATH:/sbin:/usr/sbin ldconfig -p 2>/dev/null) || return 0
    while read -r soname package; do
        case $present in
        *"$soname "*) ;;
        *) echo "$package" ;;
        esac
    done <<'LIST'
libEGL.so.1 libegl1
libGL.so.1 libgl1
libdbus-1.so.3 libdbus-1-3
libfontconfig.so.1 libfontconfig1
libglib-2.0.so.0 libglib2.0-0
libxcb-cursor.so.0 libxcb-cursor0
libxcb-icccm.so.4 libxcb-icccm4
libxcb-image.so.0 libxcb-image0
libxcb-keysyms.so.1 libxcb-keysyms1
libxcb-randr.so.0 libxcb-randr0
libxcb-render-util.so.0 libxcb-render-util0
libxcb-shape.so.0 libxcb-shape0
libxcb-xinerama.so.0 libxcb-xinerama0
libxcb-xkb.so.1 libxcb-xkb1
libxkbcommon-x11.so.0 libxkbcommon-x11-0
libxkbcommon.so.0 libxkbcommon0
LIST
}

missing_packages() {
    if [ -n "$python" ] && ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
        "$python" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])'
    fi
    missing_libraries
    # Tests run in a virtual display even where there is a screen, but then they can do without.
    if [ -z "${DISPLAY:-}${WAYLAND_DISPLAY:-}" ]; then
        command -v xvfb-run >/dev/null || echo "xvfb"
        command -v xauth >/dev/null || echo "xauth"
    fi
}

# Not worth asking anybody for: a font, as a bare system may have none, and the program without which vispy warns that it
# cannot tell the resolution of the virtual display.
comforts() {
    echo "fonts-dejavu-core"
    command -v xdpyinfo >/dev/null || command -v xrandr >/dev/null || echo "x11-utils"
}

# uv takes half a minute where pip takes almost two. But it does not read the settings of pip, so pip does the work where
# those name another package index, and wherever uv fails.
install_package() {
    local pip=("$venv/bin/python" -m pip --disable-pip-version-check --no-input)
    "${pip[@]}" --version || "$venv/bin/python" -m ensurepip
    if [[ $("${pip[@]}" config list) != *.index-url=* ]] && "${pip[@]}" install --progress-bar off "uv>=0.8" &&
        "$venv/bin/uv" pip install --python "$venv/bin/python" --compile-bytecode --editable ".[$extra]"; then
        return
    fi
    "${pip[@]}" install --progress-bar off --editable ".[$extra]"
}

python=
"$venv/bin/python" -c '' 2>/dev/null || python=$(find_python)

if [ "$(uname)" = Linux ]; then
    packages=$(missing_packages)
    if [ -n "$packages" ]; then
        # shellcheck disable=SC2046,SC2086  # one word a package
        install_packages $packages $(comforts)
    fi
fi

if [ -n "$python" ]; then
    rm -rf "$venv"
    step "Creating $venv with $("$python" --version)" "$python" -m venv "$venv"
fi

step "Installing napari-kseg and its Python packages into $venv (about a minute)" install_package

# `make` sets nothing up again while these are newer than pyproject.toml; the larger extras contain the smaller ones.
case $extra in
dev) touch "$venv/.ready-all" "$venv/.ready-test" "$venv/.ready-dev" ;;
test) touch "$venv/.ready-all" "$venv/.ready-test" ;;
*) touch "$venv/.ready-$extra" ;;
esac
