#!/usr/bin/env bash
# `go vet` for phones of the packages that are no screens, where no phone's SDK is
# at hand. For Android the C of SQLite is compiled with this machine's compiler and
# Android's log header. For iOS itself Go wants Apple's linker even to look, so
# what stands in is darwin/arm64 with the build tag ios, and what needs C is left
# out. Nothing is linked.
set -euo pipefail
cd "$(dirname "$0")/.."
go=${GO:-go}

# without lists our packages of which neither code nor tests stand on another.
without() {
	"$go" list -test -f '{{or .ForTest .ImportPath}}{{range .Deps}} {{.}}{{end}}' ./... |
		awk -v other="$1" '{ sub(/\.test$/, "", $1); seen[$1]; for (i = 2; i <= NF; i++) if ($i == other) on[$1] } END { for (p in seen) if (!(p in on)) print p }' | sort
}

all=$(without fyne.io/fyne/v2)
headers=$(dirname "$(dirname "$(find /usr/include/android -path '*/android/log.h' | head -n 1)")")
echo "android/amd64: $(wc -l <<<"$all") packages"
# Without the tags Go's own packages would want Android's C library.
GOOS=android GOARCH=amd64 CGO_ENABLED=1 CC=${CC:-gcc} CGO_CFLAGS="-O0 -I$headers" "$go" vet -tags netgo,osusergo $all

portable=$(comm -12 <(without github.com/mattn/go-sqlite3) <(echo "$all"))
echo "iOS: $(wc -l <<<"$portable") packages; not looked at, since they or their tests stand on SQLite: $(comm -13 <(echo "$portable") <(echo "$all") | paste -sd' ')"
GOOS=darwin GOARCH=arm64 CGO_ENABLED=0 "$go" vet -tags ios $portable
