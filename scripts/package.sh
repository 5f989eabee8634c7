#!/usr/bin/env bash
# Makes what people install from what is committed: an archive and a .deb for this
# Linux, a zip for Windows, each with the app and the command line, and their
# checksums. Two runs on the same commit and machine give the same bytes.
#
#   package.sh OUT VERSION LDFLAGS
set -euo pipefail
umask 022
export LC_ALL=C TZ=UTC

out=${1:?usage: package.sh OUT VERSION LDFLAGS} commit=${2:?} ldflags=${3:?}
top=$(cd "$(dirname "$0")/.." && pwd)
cd "$top"
go=${GO:-go}
arch=$("$go" env GOARCH)
SOURCE_DATE_EPOCH=$(git log -1 --format=%ct)
export SOURCE_DATE_EPOCH
release=$(sed -n 's/^Version = "\(.*\)"/\1/p' FyneApp.toml)
# What is not a tagged release sorts before it.
version=$release
[ "$commit" = "v$release" ] || version="$release~$(date -u -d "@$SOURCE_DATE_EPOCH" +%Y%m%d).${commit##*-g}"
name=bonafide-${version//\~/-}
ldflags="-s -w $ldflags"

mkdir -p "$out"
out=$(cd "$out" && pwd)
rm -f "$out/"bonafide[-_]* "$out/SHA256SUMS"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

mkdir "$work/src"
git archive HEAD | tar -x -C "$work/src"
[ -z "$(git status --porcelain)" ] || echo "The working tree has changes: what is packed is the last commit." >&2
cd "$work/src"

say() { printf '%s\n' "$*"; }

# stamp gives every file of a folder the time of the commit.
stamp() { find "$1" -exec touch --no-dereference --date="@$SOURCE_DATE_EPOCH" {} +; }

# papers puts what goes along with every package into a folder.
papers() {
	mkdir -p "$1"
	cp LICENSE README.md CHANGELOG.md SECURITY.md "$1/"
	gzip -dc assets/licences.json.gz >"$1/licences-of-libraries.json"
	cp -r docs "$1/docs"
	rm -rf "$1/docs/guides/"*.go "$1/docs/decisions"
}

say "Building for linux/$arch"
mkdir -p "$work/linux"
"$go" build -trimpath -buildvcs=false -ldflags "$ldflags" -o "$work/linux/bonafide" ./cmd/bonafide
"$go" build -tags no_emoji -trimpath -buildvcs=false -ldflags "$ldflags" -o "$work/linux/bonafide-app" .

# share puts the menu entry and the icons below a folder.
share() {
	install -D -m 644 assets/package/health.bonafide.app.desktop "$1/applications/health.bonafide.app.desktop"
	install -D -m 644 assets/icon.svg "$1/icons/hicolor/scalable/apps/health.bonafide.app.svg"
	install -D -m 644 assets/icon.png "$1/icons/hicolor/512x512/apps/health.bonafide.app.png"
	mkdir -p "$1/metainfo"
	sed -e "s/@LICENCE@/Apache-2.0/; s/@VERSION@/$version/; s/@DATE@/$(date -u -d "@$SOURCE_DATE_EPOCH" +%F)/" \
		assets/package/health.bonafide.app.metainfo.xml >"$1/metainfo/health.bonafide.app.metainfo.xml"
}

say "Archive"
tree=$work/$name-linux-$arch
mkdir -p "$tree/bin"
cp "$work/linux/"* "$tree/bin/"
share "$tree/share"
papers "$tree/share/doc/bonafide"
stamp "$tree"
tar --sort=name --owner=0 --group=0 --numeric-owner -C "$work" -cf - "$(basename "$tree")" | gzip -9n >"$out/$name-linux-$arch.tar.gz"

say "Debian package"
deb=$work/deb
mkdir -p "$deb/DEBIAN" "$deb/usr/bin"
install -m 755 "$work/linux/bonafide" "$work/linux/bonafide-app" "$deb/usr/bin/"
share "$deb/usr/share"
doc=$deb/usr/share/doc/bonafide
papers "$doc"
rm "$doc/LICENSE"
cat >"$doc/copyright" <<TEXT
Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
Upstream-Name: Bonafide
Comment: The licences of the libraries in it are in licences-of-libraries.json.

Files: *
Copyright: The Bonafide authors
License: Apache-2.0
 On Debian systems the text is in /usr/share/common-licenses/Apache-2.0.
TEXT
gzip -9n "$doc/licences-of-libraries.json"
# What the programs are linked with says which packages they need.
mkdir -p "$work/debian"
printf 'Source: bonafide\n\nPackage: bonafide\nArchitecture: any\n' >"$work/debian/control"
needs=$(cd "$work" && dpkg-shlibdeps -O -edeb/usr/bin/bonafide -edeb/usr/bin/bonafide-app 2>/dev/null | sed -n 's/^shlibs:Depends=//p')
# The app loads these when it opens its window.
needs="$needs, libx11-6, libxcursor1, libxrandr2, libxinerama1, libxi6"
stamp "$deb"
cat >"$deb/DEBIAN/control" <<TEXT
Package: bonafide
Version: $version
Architecture: $(dpkg --print-architecture)
Maintainer: The Bonafide authors <maintainers@bonafide.example>
Section: misc
Priority: optional
Installed-Size: $(du -sk --apparent-size "$deb" | cut -f1)
Depends: $needs
Description: verifier of clinicians' licences
 Licensing boards issue licences, practitioners keep and present them,
 hospitals verify them from data whose age is known and shown. Verifying
 needs no network.
 .
 This package has the app (bonafide-app) and the command line and server
 (bonafide).
TEXT
(cd "$deb" && find usr -type f -print0 | sort -z | xargs -0 md5sum) >"$deb/DEBIAN/md5sums"
stamp "$deb/DEBIAN"
dpkg-deb --root-owner-group -Zxz --build "$deb" "$out/bonafide_${version}_$(dpkg --print-architecture).deb" >/dev/null

say "Building for windows/amd64"
mingw=x86_64-w64-mingw32
convert assets/icon.png -strip -define icon:auto-resize=256,128,64,48,32,16 "$work/icon.ico"
# resource makes what Windows shows of a program: icon, name, version.
resource() {
	local file=$1 about=$2
	cat >"$work/$file.rc" <<TEXT
1 ICON "icon.ico"
1 24 "bonafide.manifest"
1 VERSIONINFO
FILEVERSION ${release//./,},0
PRODUCTVERSION ${release//./,},0
BEGIN
  BLOCK "StringFileInfo"
  BEGIN
    BLOCK "040904B0"
    BEGIN
      VALUE "FileDescription", "$about"
      VALUE "FileVersion", "$version"
      VALUE "InternalName", "$file"
      VALUE "OriginalFilename", "$file.exe"
      VALUE "ProductName", "Bonafide"
      VALUE "ProductVersion", "$version"
    END
  END
  BLOCK "VarFileInfo"
  BEGIN
    VALUE "Translation", 0x0409, 1200
  END
END
TEXT
	$mingw-windres --input "$work/$file.rc" --include-dir "$work" --output "$work/$file.syso" --output-format coff
}
cp assets/package/bonafide.manifest "$work/"
resource bonafide "Bonafide command line"
resource bonafide-app "Bonafide"
tree=$work/$name-windows-amd64
mkdir -p "$tree"
# build links a program for Windows; Go takes the resource from beside the source.
build() {
	local file=$1 package=$2 flags=$3
	mv "$work/$file.syso" "$package/resource_windows_amd64.syso"
	GOOS=windows GOARCH=amd64 CGO_ENABLED=1 CC=$mingw-gcc "$go" build -tags no_emoji -trimpath -buildvcs=false \
		-ldflags "$ldflags -extldflags=-static $flags" -o "$tree/$file.exe" "$package"
}
build bonafide ./cmd/bonafide ""
build bonafide-app . "-H windowsgui"
papers "$tree"
stamp "$tree"
(cd "$work" && find "$(basename "$tree")" -type f | sort | zip -q -X -9 "$out/$name-windows-amd64.zip" -@)

(cd "$out" && sha256sum "$name-linux-$arch.tar.gz" "bonafide_${version}_$(dpkg --print-architecture).deb" "$name-windows-amd64.zip" >"SHA256SUMS")
say "Needs glibc $(objdump -T "$work/linux/"* | sed -n 's/.*GLIBC_\([0-9.]*\).*/\1/p' | sort -V | tail -n 1) or later on Linux."
cd "$out" && ls -l --time-style=+ -- "$name"* "bonafide_$version"* SHA256SUMS | awk '{print $NF, $5}'
