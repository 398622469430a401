#!/bin/sh
# Walks every page of the UI in headless Chromium against the real binary.
# YAGURA_BIN names another binary, CHROMIUM another browser.
set -eu
cd "$(dirname "$0")"
if [ ! -d ../../web/node_modules/playwright-core ]; then
  (cd ../../web && npm ci --no-audit --no-fund --loglevel=error)
fi
rm -rf out
exec node --test --test-concurrency=1 --test-reporter=spec signin.test.mjs noauth.test.mjs
