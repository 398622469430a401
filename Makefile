# make run    build what is missing and start Yagura on its embedded default
# make demo   the same, with a demo shop: two days of its history, then live
# make test   everything that CI runs
# make help   the other targets

export CGO_ENABLED = 0
SHELL   := /bin/sh
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
GOBUILD := go build -trimpath -ldflags "-s -w -X main.version=$(VERSION)"
WEB     := $(shell find web -type f -not -path 'web/node_modules/*' -not -path 'web/dist/*' 2>/dev/null)
ARGS    ?=

.PHONY: help run demo dev build engine test check generate bench fuzz clean

help: ## show the targets
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' Makefile | column -t -s "$$(printf '\t')"

run: build ## build and start on http://127.0.0.1:7700 (ARGS="--listen ..." is passed on)
	@bin/yagura serve $(ARGS)

demo: build ## start with a demo shop: two days of history, then live (docs/guide/en/demo.md)
	@bin/yagura demo $(ARGS)

dev: engine ## start with the UI rebuilt as you edit it (http://127.0.0.1:5173)
	@tools/dev.sh $(ARGS)

build: engine web/dist/index.html ## write bin/yagura with the UI in it
	@$(GOBUILD) -o bin/yagura ./cmd/yagura

engine: ## fetch the engine library into lib/
	@tools/engine/fetch.sh

web/node_modules/.package-lock.json: web/package-lock.json
	@cd web && npm ci --no-audit --no-fund --loglevel=error
	@touch $@

web/dist/index.html: web/node_modules/.package-lock.json $(WEB)
	@cd web && npm run --silent build

test: ## everything that CI runs
	@tools/test.sh

check: ## only the quick checks: format, vet, staticcheck, types, generated files
	@tools/test.sh check

generate: web/node_modules/.package-lock.json ## write api/openapi.yaml and what is made from it
	@tools/generate.sh

bench: build ## measure (docs/performance.md says what and how to read it)
	@go run ./bench $(ARGS)

fuzz: ## fuzz every parser for a minute each
	@tools/fuzz.sh

clean: ## remove what was built (not data/)
	rm -rf bin lib web/dist web/node_modules tools/bin tools/nodeapp/node_modules
