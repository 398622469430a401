#!/bin/sh
# Everything that CI runs, in the order in which it fails fastest. "check" stops before
# the tests. It installs what a fresh machine lacks (tools/deps.sh).
set -eu
cd "$(dirname "$0")/.."
export CGO_ENABLED=0
only=${1:-all}

step() { printf '\n== %s\n' "$*"; }

step "What the tests need"
tools/deps.sh "$only"
tools/engine/fetch.sh
make --no-print-directory web/dist/index.html

step "Format and vet"
bad=$(gofmt -l $(git ls-files '*.go'))
[ -z "$bad" ] || { echo "gofmt these files: $bad" >&2; exit 1; }
go vet ./...
mkdir -p tools/bin
(cd tools && go build -o bin/ honnef.co/go/tools/cmd/staticcheck)
tools/bin/staticcheck ./...
echo "gofmt, vet and staticcheck: ok"

step "UI: Biome, types"
(cd web && npm run --silent check)

step "Generated files"
tools/generate.sh --check
[ "$only" = check ] && exit 0

step "UI: unit tests"
(cd web && npm run --silent test)

step "Go tests"
go test -timeout 20m ./...

step "Race detector, over the packages with goroutines of their own"
CGO_ENABLED=1 go test -race -timeout 20m $(cat tools/race.txt)

step "End to end: real SDKs, kill -9, full disk, Chromium"
tools/e2e.sh
