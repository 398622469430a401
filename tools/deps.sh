#!/bin/sh
# Installs the Debian packages that the tests use: Chromium with a Japanese font,
# PostgreSQL, and the C compiler that the race detector needs. Says what to install where it may not.
set -eu
[ "${1:-all}" = check ] && exit 0
want=
command -v chromium >/dev/null 2>&1 || want="$want chromium"
[ -e /usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc ] || want="$want fonts-noto-cjk"
ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || want="$want postgresql"
command -v gcc >/dev/null 2>&1 || want="$want gcc libc6-dev"
/usr/bin/python3 -c 'import grpc' >/dev/null 2>&1 || want="$want python3-grpcio"
[ -z "$want" ] && exit 0
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null 2>&1; then
	echo "The tests need these Debian packages (or the like of your system):$want" >&2
	echo "  sudo apt-get install -y --no-install-recommends$want" >&2
	exit 1
fi
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install -y -qq --no-install-recommends $want >/dev/null
