# Bonafide. `make run` shows what it does, `make test` proves it.
SHELL := /bin/bash
GO ?= go
BUILD_TIME := $(shell git log -1 --format=%ct 2>/dev/null || date +%s)
VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
LDFLAGS := -X bonafide/internal/home.buildTime=$(BUILD_TIME) -X bonafide/internal/home.version=$(VERSION)
# The app without the toolkit's font of pictures, 4 MB that every start would read.
APP := -trimpath -tags no_emoji
# The tests and linters use Fyne's software driver, which needs no OpenGL.
HEADLESS := -tags ci

.PHONY: run story test test-network test-window build app lint fuzz bench bench-network bench-app screenshots interop package test-package vet-mobile clean deps-run deps-test deps-app deps-display deps-interop deps-package deps-test-package deps-mobile

run: ## open the app where there is a display, else tell the whole story in the terminal
	@if [ "$$(uname -s)" != Linux ] || [ -n "$$DISPLAY$$WAYLAND_DISPLAY" ]; then $(MAKE) --no-print-directory app; else $(MAKE) --no-print-directory story; fi

story: deps-run build ## tell the whole story on a throw-away network, in the terminal
	@bin/bonafide demo

build: ## build the command line and server
	@mkdir -p bin
	$(GO) build -trimpath -ldflags '$(LDFLAGS)' -o bin/bonafide ./cmd/bonafide

app: deps-app ## build and open the app
	@mkdir -p bin
	$(GO) build $(APP) -ldflags '$(LDFLAGS)' -o bin/bonafide-app .
	@bin/bonafide-app

test: deps-test build ## run every test, and 2,000 inputs of each fuzz target
	$(GO) vet $(HEADLESS) ./...
	$(GO) test $(HEADLESS) ./...
	@scripts/fuzz.sh 2000x

lint: ## formatting and static checks
	@out=$$($(GO) tool gofumpt -l $$(git ls-files '*.go')); if [ -n "$$out" ]; then echo "not gofumpt-formatted:"; echo "$$out"; exit 1; fi
	$(GO) tool staticcheck $(HEADLESS) ./...

FUZZTIME ?= 60s
fuzz: ## fuzz every parser of outside bytes, FUZZTIME each
	@scripts/fuzz.sh $(FUZZTIME)

bench: deps-run ## measure against references; also writes build/bench.json
	@mkdir -p build
	$(GO) run ./internal/bench -o build/bench.json

bench-network: deps-run ## measure networks of several members and a nation in a pack; also writes build/bench-network.json
	@mkdir -p build
	$(GO) build -o build/bench ./internal/bench
	build/bench network -o build/bench-network.json

bench-app: deps-run deps-display ## the app against an empty window, a full wallet against an empty one, a register of 100,000 licences against one of 100; writes build/bench-app.json
	@mkdir -p build
	$(GO) run ./internal/bench app -o build/bench-app.json

test-window: deps-display build ## the real app in a real window on a display that nobody sees, driven by mouse and keyboard; RUN=fresh,demo-phone plays those stories alone
	@mkdir -p bin build/window
	$(GO) build $(APP) -ldflags '$(LDFLAGS)' -o bin/bonafide-app .
	$(GO) run ./internal/windowtest -app bin/bonafide-app -bin bin/bonafide -out build/window $(if $(RUN),-run $(RUN))

screenshots: deps-run ## every screen in every language, size and look, into build/screenshots; ONLY=en/desktop/board draws those alone
	@$(if $(ONLY),,rm -rf build/screenshots)
	SCREENSHOTS='$(CURDIR)/build/screenshots' $(GO) test -tags ci,screenshots -count 1 -timeout 60m -run '^TestScreenshots$$$(if $(ONLY),/$(ONLY))' ./app

interop: deps-run deps-interop ## round trips of SD-JWT VCs with sd-jwt-js
	$(GO) run -tags interop ./interop

package: deps-package ## an archive, a .deb and a zip for Windows with their checksums, into build/package
	@scripts/package.sh build/package '$(VERSION:-dirty=)' '$(LDFLAGS:-dirty=)'

test-package: package deps-test-package ## unpack what was packed and run it, Windows under wine
	@scripts/test-package.sh build/package '$(VERSION:-dirty=)'

vet-mobile: deps-mobile ## go vet for Android and iOS of the packages that are no screens
	@scripts/vet-mobile.sh

test-network: build ## a network of boards as separate processes: killed, cut off, crashed, lied about
	@mkdir -p build
	$(GO) build -trimpath -tags faults -ldflags '$(LDFLAGS)' -o build/bonafide-faults ./cmd/bonafide
	$(GO) build -trimpath -tags rehearsal -ldflags '$(LDFLAGS)' -o build/bonafide-rehearsal ./cmd/bonafide
	$(GO) build -o build/networktest ./internal/networktest
	@build/networktest -bin bin/bonafide -faults build/bonafide-faults -rehearsal build/bonafide-rehearsal

deps-run: ; @scripts/deps.sh run
deps-test: ; @scripts/deps.sh test
deps-app: ; @scripts/deps.sh app
deps-display: ; @scripts/deps.sh display
deps-interop: ; @scripts/deps.sh interop
deps-package: ; @scripts/deps.sh package
deps-test-package: ; @scripts/deps.sh test-package
deps-mobile: ; @scripts/deps.sh mobile

clean: ## remove what was built
	rm -rf bin build
