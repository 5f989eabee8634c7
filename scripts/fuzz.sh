#!/usr/bin/env bash
# Runs every fuzz target of the tree for the given time each; shows the output
# of the one that fails. What it found stays under testdata/fuzz.
set -euo pipefail
time=${1:-60s}
count=0
while IFS=: read -r file target; do
	dir=./$(dirname "$file")
	if ! out=$(go test -tags ci "$dir" -run '^$' -fuzz "^$target\$" -fuzzminimizetime 10x -fuzztime "$time" 2>&1); then
		echo "$out"
		echo "FAILED: $target in $dir"
		exit 1
	fi
	count=$((count + 1))
done < <(git ls-files '*_test.go' | xargs grep -oE '^func Fuzz[A-Za-z0-9_]+' | sed 's/func //')
[ "$count" -gt 0 ] || { echo "no fuzz target found"; exit 1; }
echo "fuzz: $count targets, $time each, nothing found"
