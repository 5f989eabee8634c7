#!/usr/bin/env bash
# Tries the packages that `make package` left: unpacks them and runs what is in
# them, the Windows build under wine.
#
#   test-package.sh FOLDER COMMIT
set -uo pipefail
out=$(cd "${1:?usage: test-package.sh FOLDER COMMIT}" && pwd) commit=${2:?}
top=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d)
cleanup() {
	[ -z "${screen:-}" ] || kill "$screen" 2>/dev/null
	WINEPREFIX=$work/wine wineserver -k 2>/dev/null
	rm -rf "$work"
}
trap cleanup EXIT
export HOME=$work/home XDG_DATA_HOME=$work/home/share
mkdir -p "$HOME"
passed=0 failed=0

# try runs a check and counts it.
try() {
	local what=$1
	shift
	if "$@" >"$work/said" 2>&1; then
		passed=$((passed + 1))
		echo "ok    $what"
	else
		failed=$((failed + 1))
		echo "FAIL  $what"
		tail -n 15 "$work/said" | sed 's/^/      /'
	fi
}

one() { # the only file of a pattern
	local found
	found=$(find "$out" -maxdepth 1 -name "$1")
	[ "$(wc -l <<<"$found")" = 1 ] && [ -n "$found" ] || { echo "want one $1 in $out" >&2; exit 1; }
	echo "$found"
}
tarball=$(one 'bonafide-*-linux-*.tar.gz') || exit 1
deb=$(one 'bonafide_*.deb') || exit 1
zip=$(one 'bonafide-*-windows-amd64.zip') || exit 1

says_version() { "$@" version | tee "$work/version" && grep -qF "bonafide $commit," "$work/version"; }
tells_story() { "$@" >"$work/story"; tail -n 3 "$work/story"; grep -q '^All [0-9]* verdicts are as they should be' "$work/story"; }
sums() { cd "$out" && [ "$(wc -l <SHA256SUMS)" = 3 ] && sha256sum --strict -c SHA256SUMS; }
papers() { # what goes along
	local dir=$1
	[ -s "$dir/docs/guides/hospital.md" ] && ls "$dir" | grep -q licences-of-libraries && ! grep -rq "$top" "$dir"
}

# window opens the app on a display that nobody sees, until its window is there.
window() {
	"$@" &
	local app=$! i
	for i in $(seq 120); do
		xdotool search --name '^Bonafide$' >/dev/null 2>&1 && break
		kill -0 "$app" 2>/dev/null || break
		sleep 0.5
	done
	xdotool search --name '^Bonafide$'
	local found=$?
	kill "$app"
	wait "$app" 2>/dev/null
	return "$found"
}

try "checksums" sums
mkdir "$work/archive" "$work/deb" "$work/windows"
try "the archive unpacks" tar -C "$work/archive" --strip-components 1 -xzf "$tarball"
try "the Debian package unpacks" dpkg-deb -x "$deb" "$work/deb"
try "the zip unpacks" unzip -q "$zip" -d "$work/windows"
windows=$(find "$work/windows" -maxdepth 1 -name 'bonafide-*')
try "papers of the archive" papers "$work/archive/share/doc/bonafide"
try "papers of the Debian package" papers "$work/deb/usr/share/doc/bonafide"
try "papers of the zip" papers "$windows"
try "menu entry" desktop-file-validate "$work/deb/usr/share/applications/health.bonafide.app.desktop"
try "the archive's version" says_version "$work/archive/bin/bonafide"
try "the Debian package's version" says_version "$work/deb/usr/bin/bonafide"
try "the archive's demo" tells_story "$work/archive/bin/bonafide" demo

exec 3< <(Xvfb -displayfd 1 -screen 0 1280x900x24 2>/dev/null)
screen=$!
read -r number <&3
export DISPLAY=:$number
try "the Debian package's app opens its window" window "$work/deb/usr/bin/bonafide-app"

# Windows. What wine has to say goes nowhere; what our program says counts.
export WINEPREFIX=$work/wine WINEDEBUG=-all WINEDLLOVERRIDES=mscoree,mshtml=
wineboot --init >/dev/null 2>&1
wineserver -w
if ! find / -name bcryptprimitives.dll -path '*wine*' -not -path "$work/*" 2>/dev/null | grep -q .; then
	echo "This wine lacks bcryptprimitives.dll: ours stands in."
	x86_64-w64-mingw32-gcc -shared -s -o "$WINEPREFIX/drive_c/windows/system32/bcryptprimitives.dll" "$top/assets/package/bcryptprimitives.c" -ladvapi32
fi
try "the Windows build's version, under $(wine --version)" says_version wine "$windows/bonafide.exe"
# Wine before 9.0 cannot delete a file as Go's os.RemoveAll asks for it, so the files are left.
try "the Windows build's demo" tells_story wine "$windows/bonafide.exe" demo --keep 'C:\kept'
try "the Windows app opens its window" window wine "$windows/bonafide-app.exe"

echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
