#!/bin/sh
# Puts the engine library, libchdb, at lib/libchdb.so (or .dylib), from the npm registry.
# On linux/amd64 npm checks it against package-lock.json; the other platforms have no
# lock entry yet and are checked against what the registry says.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
lib=$here/../../lib
version=$(sed -n 's/.*"@chdb\/lib-linux-x64-gnu": "\(.*\)".*/\1/p' "$here/package.json")

case "$(uname -s)-$(uname -m)" in
Linux-x86_64) pkg=lib-linux-x64-gnu ;;
Linux-aarch64) pkg=lib-linux-arm64-gnu ;;
Darwin-arm64) pkg=lib-darwin-arm64 ;;
Darwin-x86_64) pkg=lib-darwin-x64 ;;
*)
	echo "No engine library for $(uname -s) $(uname -m). Point engine.url at a ClickHouse server instead." >&2
	exit 1
	;;
esac

mkdir -p "$lib"
if [ -f "$lib/libchdb.so" ] && [ "$(cat "$lib/version" 2>/dev/null)" = "$pkg@$version" ]; then
	exit 0
fi
echo "Fetching the engine library $pkg@$version (about 180 MB) ..."
cd "$here"
if [ "$pkg" = lib-linux-x64-gnu ]; then
	npm ci --no-audit --no-fund --loglevel=error
else
	npm install --no-save --no-package-lock --no-audit --no-fund --loglevel=error "@chdb/$pkg@$version"
fi
mv -f "node_modules/@chdb/$pkg/libchdb.so" "$lib/libchdb.so"
rm -rf node_modules
echo "$pkg@$version" >"$lib/version"
