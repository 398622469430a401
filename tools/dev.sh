#!/bin/sh
# Starts the server on its embedded default and the UI's development server beside it,
# which reloads as files change and passes /api on. Both end together.
set -eu
cd "$(dirname "$0")/.."
[ -f web/node_modules/.package-lock.json ] || (cd web && npm ci --no-audit --no-fund --loglevel=error)
go build -o bin/yagura ./cmd/yagura
bin/yagura serve "$@" &
server=$!
trap 'kill $server 2>/dev/null; wait $server' EXIT INT TERM
cd web && npm run --silent dev
