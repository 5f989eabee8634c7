#!/usr/bin/env bash
# Runs every fuzz target of the tree for the given time each.
set -euo pipefail
time=${1:-60s}
while IFS=: read -r file target; do
	dir=./$(dirname "$file")
	echo "$dir $target for $time"
	go test -tags ci "$dir" -run '^$' -fuzz "^$target\$" -fuzzminimizetime 10x -fuzztime "$time"
done < <(git ls-files '*_test.go' | xargs grep -oE '^func Fuzz[A-Za-z0-9_]+' | sed 's/func //')
