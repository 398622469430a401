#!/bin/sh
# Writes what is made from the code: api/openapi.yaml, the Go client and the UI's types.
# With --check it writes nothing and fails when something is out of date.
set -eu
cd "$(dirname "$0")/.."
out=.
if [ "${1:-}" = --check ]; then
	out=$(mktemp -d)
	trap 'rm -rf "$out"' EXIT
	mkdir -p "$out/api" "$out/client" "$out/web/src/api"
fi
mkdir -p tools/bin
(cd tools && go build -o bin/ github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen)
go run ./cmd/yagura openapi >"$out/api/openapi.yaml"
tools/bin/oapi-codegen -config client/oapi-codegen.yaml -o "$out/client/client.gen.go" "$out/api/openapi.yaml"
(cd web && npx --no-install openapi-typescript "$(cd .. && cd "$out" && pwd)/api/openapi.yaml" -o "$(cd .. && cd "$out" && pwd)/web/src/api/schema.d.ts" >/dev/null)
[ "$out" = . ] && exit 0
for f in api/openapi.yaml client/client.gen.go web/src/api/schema.d.ts; do
	diff -q "$f" "$out/$f" >/dev/null || { echo "$f is out of date: run make generate" >&2; exit 1; }
done
echo "generated files: up to date"
