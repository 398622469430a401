#!/bin/sh
# End-to-end tests against the real binary: HotROD, a Node.js application, the
# OpenTelemetry Collector, gRPC's C core, kill -9, a full disk, poison rows, PostgreSQL,
# a ClickHouse and a Prometheus elsewhere, and every page in Chromium.
set -eu
cd "$(dirname "$0")/.."
export CGO_ENABLED=0
make --no-print-directory build
(cd tools/hotrod && go build -o ../bin/hotrod github.com/jaegertracing/jaeger/examples/hotrod)
(cd tools/prometheus && go build -tags remove_all_sd -o ../bin/prometheus github.com/prometheus/prometheus/cmd/prometheus)
(cd tools/collector && go build -o ../bin/collector .)
(cd tools/nodeapp && npm ci --no-audit --no-fund --loglevel=error)
go vet -tags e2e ./e2e
go test -tags e2e -count=1 -timeout 25m ./e2e
e2e/ui/run.sh
