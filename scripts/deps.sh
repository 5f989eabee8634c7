#!/usr/bin/env bash
# Installs what `make run`, `make test`, `make app`, `make interop`, `make package`,
# `make test-package`, `make vet-mobile` or a display that nobody sees needs and prints what it installs. With everything present it calls no package manager and
# needs no network.
set -euo pipefail

what=${1:?usage: deps.sh run|test|app|display|interop|package|test-package|mobile}
commands=(cc git)          # a C compiler for SQLite
libraries=()
[ "$what" = test ] && commands+=(strace pdftoppm)
[ "$what" = interop ] && commands+=(node npm)
[ "$what" = display ] && commands+=(Xvfb openbox xdotool wmctrl xclip import tesseract)
[ "$what" = package ] && commands+=(dpkg-deb dpkg-shlibdeps objdump x86_64-w64-mingw32-gcc convert zip)
[ "$what" = test-package ] && commands+=(dpkg-deb x86_64-w64-mingw32-gcc wine unzip Xvfb xdotool desktop-file-validate)
if [ "$what" = app ] || [ "$what" = display ] || [ "$what" = package ]; then
	commands+=(pkg-config)
	libraries+=(gl x11 xcursor xrandr xinerama xi xxf86vm wayland-client xkbcommon)
fi

declare -A package=(
	[cc]=gcc [git]=git [strace]=strace [pdftoppm]=poppler-utils [pkg-config]=pkg-config
	[node]=nodejs [npm]=npm
	[Xvfb]=xvfb [openbox]=openbox [xdotool]=xdotool [wmctrl]=wmctrl [xclip]=xclip [import]=imagemagick [tesseract]=tesseract-ocr
	[dpkg-deb]=dpkg [dpkg-shlibdeps]=dpkg-dev [objdump]=binutils [x86_64-w64-mingw32-gcc]=gcc-mingw-w64-x86-64
	[convert]=imagemagick [zip]=zip [unzip]=unzip [wine]=wine [desktop-file-validate]=desktop-file-utils
	[gl]=libgl1-mesa-dev [x11]=libx11-dev [xcursor]=libxcursor-dev [xrandr]=libxrandr-dev
	[xinerama]=libxinerama-dev [xi]=libxi-dev [xxf86vm]=libxxf86vm-dev
	[wayland-client]=libwayland-dev [xkbcommon]=libxkbcommon-dev
)

if ! command -v go >/dev/null; then
	echo "Go is missing. Install Go $(sed -n 's/^go //p' go.mod) or later from your system or the Go project, then run this again." >&2
	exit 1
fi

# node_modules installs what the lock file pins, unless it did so already.
node_modules() {
	[ "$what" = interop ] || return 0
	cmp -s interop/package-lock.json interop/node_modules/.installed && return 0
	if ! node -e 'process.exit(parseInt(process.versions.node) >= 20 ? 0 : 1)'; then
		echo "sd-jwt-js needs Node 20 or later; this is $(node --version)." >&2
		exit 1
	fi
	echo "Installing npm packages: $(sed -n 's/^ *"\(@sd-jwt[^"]*\)": "\(.*\)".*/\1@\2/p' interop/package.json | paste -sd' ')"
	npm ci --prefix interop --ignore-scripts --no-audit --no-fund --loglevel=error >/dev/null
	cp interop/package-lock.json interop/node_modules/.installed
}

missing=()
for c in "${commands[@]}"; do
	command -v "$c" >/dev/null || missing+=("${package[$c]}")
done
for l in "${libraries[@]}"; do
	{ command -v pkg-config >/dev/null && pkg-config --exists "$l"; } || missing+=("${package[$l]}")
done
# OpenGL without a graphics card, which has no command and no header.
if { [ "$what" = display ] || [ "$what" = test-package ]; } && command -v dpkg-query >/dev/null && ! dpkg-query -W -f '${Status}' libgl1-mesa-dri 2>/dev/null | grep -q ' installed'; then
	missing+=(libgl1-mesa-dri)
fi
# Android's log header, which has no command either.
if [ "$what" = mobile ] && [ ! -e /usr/include/android/android/log.h ]; then
	missing+=(android-liblog-dev)
fi
if [ ${#missing[@]} -eq 0 ]; then
	node_modules
	exit 0
fi

if [ "$(uname -s)" != Linux ] || ! command -v apt-get >/dev/null; then
	case "$(uname -s)" in
	Darwin) echo "Install the Xcode command line tools (xcode-select --install); nothing else is needed on macOS." >&2
		# strace is Linux only: the test that needs it says so and is skipped.
		if [ "$what" = interop ]; then echo "Install Node 20 or later, for example with: brew install node" >&2; exit 1; fi
		command -v cc >/dev/null && exit 0 ;;
	*) echo "Install with your package manager what Debian calls: ${missing[*]}" >&2 ;;
	esac
	exit 1
fi

sudo=()
if [ "$(id -u)" -ne 0 ]; then
	command -v sudo >/dev/null || { echo "Run as root: apt-get install ${missing[*]}" >&2; exit 1; }
	sudo=(sudo)
fi
echo "Installing Debian packages: ${missing[*]}"
"${sudo[@]}" apt-get update -qq
"${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
node_modules
