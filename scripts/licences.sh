#!/usr/bin/env bash
# Writes assets/licences.json.gz: every module that is built into the app, on
# any system that it is built for, with its licence files from the module cache.
# Run it after go.mod changed; a test says when.
#   {"modules":[{"path","version","texts":[number,…]}],"texts":[string,…]}
set -euo pipefail
cd "$(dirname "$0")/.."

command -v jq >/dev/null || { echo "Install jq to write the licences." >&2; exit 1; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

{
	for os in linux darwin windows android; do
		GOOS=$os CGO_ENABLED=1 go list -deps -f '{{with .Module}}{{if not .Main}}{{.Path}} {{.Version}} {{.Dir}}{{end}}{{end}}' .
	done | sort -u
	echo "go $(go env GOVERSION) $(go env GOROOT)"
	echo "bonafide - $PWD"
} >"$work/modules"

while read -r path version dir; do
	found=$(find "$dir" -maxdepth 1 -type f \( -iname 'licen[cs]e*' -o -iname 'copying*' -o -iname 'notice*' -o -iname 'patents*' -o -iname 'unlicense*' \) | LC_ALL=C sort)
	# The fonts that Fyne carries have licences of their own.
	[ "$path" = fyne.io/fyne/v2 ] && found+=$'\n'$(find "$dir/theme/font" -iname 'licen[cs]e*' | LC_ALL=C sort)
	[ -n "$found" ] || { echo "No licence found in $path $version." >&2; exit 1; }
	echo "$found" | while read -r f; do
		sum=$(sha256sum <"$f" | cut -c1-64)
		cp -f "$f" "$work/$sum.txt"
		chmod u+w "$work/$sum.txt"
		printf '%s\t%s\t%s\n' "$path" "$version" "$sum"
	done
done <"$work/modules" >"$work/list"

cut -f3 "$work/list" | LC_ALL=C sort -u >"$work/sums"
while read -r sum; do
	jq -Rs '{key: $sum, value: .}' --arg sum "$sum" <"$work/$sum.txt"
done <"$work/sums" | jq -s '.' >"$work/texts"
jq -R 'split("\t")' <"$work/list" | jq -s -c --slurpfile texts "$work/texts" '
	($texts[0] | to_entries | map({key: .value.key, value: .key}) | from_entries) as $at |
	{modules: (group_by(.[0], .[1]) | map({path: .[0][0], version: .[0][1], texts: map($at[.[2]])})),
	 texts: ($texts[0] | map(.value))}' | gzip -9n >assets/licences.json.gz
echo "$(wc -l <"$work/modules") modules, $(wc -l <"$work/sums") texts, $(wc -c <assets/licences.json.gz) bytes"
