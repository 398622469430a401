#!/bin/sh
# Writes what is made from the code: api/openapi.yaml, the Go client and the UI's types.
# With --check it writes nothing and fails when something is out of date; the document
# itself is checked by internal/app's test.
set -eu
cd "$(dirname "$0")/.."
mkdir -p tools/bin
(cd tools && go build -o bin/ github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen)
out=.
if [ "${1:-}" = --check ]; then
	out=$(mktemp -d)
	trap 'rm -rf "$out"' EXIT
	mkdir -p "$out/client" "$out/web/src/api"
	go test ./internal/app -run TestDocumentIsTheOneInTheTree
else
	# By a test and not by the binary: that needs the client, which is made from this.
	go test ./internal/app -run TestDocumentIsTheOneInTheTree -update >/dev/null
fi
tools/bin/oapi-codegen -config client/oapi-codegen.yaml -o "$out/client/client.gen.go" api/openapi.yaml
types=$(cd "$out/web/src/api" && pwd)/schema.d.ts
(cd web && npx --no-install openapi-typescript ../api/openapi.yaml -o "$types" >/dev/null)
[ "$out" = . ] && exit 0
for f in client/client.gen.go web/src/api/schema.d.ts; do
	diff -q "$f" "$out/$f" >/dev/null || { echo "$f is out of date: run make generate" >&2; exit 1; }
done
echo "generated files: up to date"
