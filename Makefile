# Goals of this file: a fresh clone on a machine with Go, make and git builds,
# tests and demonstrates credrender with one command each; what CI runs is what
# a developer runs (make check, make interop); nothing is installed outside the
# clone and Go's own caches. `make help` lists the targets.

GO        ?= go
PREFIX    ?= /usr/local
FUZZTIME  ?= 10s
SOAK      ?= 15m
BIN        = bin/credrender
VENV       = test/interop/.venv
SITE_VENV  = .cache/site
# The releases that make interop-full boots; make interop boots the newest.
DEBIAN_SUITES ?= bookworm trixie
export INTEROP_VENV = $(CURDIR)/$(VENV)

# The race detector needs cgo, which Go itself turns off without a C compiler.
RACE = $(if $(filter 1,$(shell $(GO) env CGO_ENABLED)),-race)

# Go and staticcheck keep caches below the home directory; a build user may
# have none.
ifeq ($(HOME),)
export XDG_CACHE_HOME ?= $(CURDIR)/.cache
export GOPATH         ?= $(CURDIR)/.cache/go
export GOFLAGS        ?= -modcacherw
endif

# Builds the pinned tool on first use and gives its path in Go's build cache.
tool = $$($(GO) -C tools tool -n $(1))
# It has a module of its own, because its 300 dependencies are no concern of the other tools.
goreleaser = $$($(GO) -C tools/release tool -n goreleaser)

.DEFAULT_GOAL = build

help: ## list the targets
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | while IFS="$$(printf '\t')" read -r t d; do printf '  %-14s %s\n' "$$t" "$$d"; done

build: ## build the static binary, bin/credrender, and its completions and manual pages, bin/assets
	CGO_ENABLED=0 $(GO) build -trimpath -o $(BIN) ./cmd/credrender
	packaging/assets $(BIN) bin/assets

# It builds nothing: root's PATH often has no Go, and root's build would leave root's files here.
install: ## install what make build has built below $(DESTDIR)$(PREFIX), with completions and manual pages
	@[ -x $(BIN) ] && [ -d bin/assets/man ] || { echo "make install: nothing is built: run make build first (root is not needed for it)" >&2; exit 1; }
	install -D -m 0755 $(BIN) $(DESTDIR)$(PREFIX)/bin/credrender
	install -D -m 0644 bin/assets/completions/credrender.bash $(DESTDIR)$(PREFIX)/share/bash-completion/completions/credrender
	install -D -m 0644 bin/assets/completions/credrender.zsh $(DESTDIR)$(PREFIX)/share/zsh/site-functions/_credrender
	install -D -m 0644 bin/assets/completions/credrender.fish $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/credrender.fish
	for dir in bin/assets/man/man*; do \
	  install -d $(DESTDIR)$(PREFIX)/share/man/$${dir##*/} && \
	  install -m 0644 $$dir/* $(DESTDIR)$(PREFIX)/share/man/$${dir##*/} || exit 1; \
	done

install-systemd: ## install the units below $(DESTDIR)$(PREFIX): packaging/systemd
	install -d $(DESTDIR)$(PREFIX)/lib/systemd/system
	install -m 0644 packaging/systemd/*.service packaging/systemd/*.timer $(DESTDIR)$(PREFIX)/lib/systemd/system

test: ## run the tests, the long ones in a short form, with the race detector where a C compiler is there
	$(GO) test $(RACE) -timeout 20m ./...

check: format vet cross static test docs-check canary exhaustive tidy demo ## what CI runs before interop: format, vet, cross, staticcheck, test, docs-check, canary, exhaustive, tidy, demo

canary: ## every command against every failure, looked through for values, credentials and what a terminal obeys (some minutes)
	CANARY_ALL=1 TERMINAL_ALL=1 $(GO) test -count=1 -run '^(TestCanary|TestNothingActsOnATerminal)$$' ./cmd/credrender

chaos: ## render while network, names, clock, credentials and disk fail: 10,000 faults, by seeds (10 minutes)
	CHAOS_FAULTS=$(or $(CHAOS_FAULTS),10000) $(GO) test -count=1 -timeout 60m -run '^TestChaos$$' -v ./cmd/credrender

chaos-mutants: ## put known bugs back, one at a time: the fault campaign has to notice (30 minutes)
	$(GO) run ./test/mutants chaos

exhaustive: ## at full size what make test runs in a short form: 10,000 secrets, 10,000 ticks, all hostile templates (45 s of CPU)
	GETALL_SECRETS=10000 $(GO) test -count=1 -run '^TestGetallAtScale$$' ./cmd/credrender
	DAEMON_TICKS=10000 $(GO) test -count=1 -run '^TestThousandsOfTicks$$' ./internal/daemon
	TXN_SYNCS=all $(GO) test -count=1 -run '^TestEverySyncMatters$$' ./internal/txn
	HOSTILE_TEMPLATES=all $(GO) test -count=1 -run '^TestHostileTemplatesEnd$$' ./cmd/credrender

format: ## fail where gofmt would change a file
	@files=$$(git ls-files -co --exclude-standard '*.go' | xargs gofmt -l); [ -z "$$files" ] || { echo "gofmt would change:"; echo "$$files"; exit 1; }

vet: ## go vet
	$(GO) vet ./...
	$(GO) vet -tags interop ./test/interop

# Tests use what only Linux has; the files that make up the program are vetted.
cross: ## build for macOS and FreeBSD, and check what is shipped there (the first time takes minutes)
	staticcheck=$(call tool,staticcheck); \
	for os in darwin freebsd; do \
	  export CGO_ENABLED=0 GOOS=$$os; \
	  $(GO) build -o /dev/null ./cmd/credrender && $$staticcheck -tests=false -checks 'SA*' ./cmd/credrender ./internal/... ./pkg/... || exit 1; \
	done

static: ## staticcheck
	$(call tool,staticcheck) -tags interop ./...

tidy: ## fail where go mod tidy would change go.mod or go.sum
	$(GO) mod tidy -diff

lint: ## golangci-lint, actionlint, and tidiness of the modules beside this one (the first time takes minutes)
	$(GO) run github.com/rhysd/actionlint/cmd/actionlint@v1.7.12 # with the YAML of its own module: that of tools is another
	$(GO) -C tools mod tidy -diff
	$(GO) -C tools/release mod tidy -diff
	$(GO) -C tools/release vet ./...
	$(GO) -C tools/release test ./...
	$(GO) -C test/interop/tfaws mod tidy -diff
	$(GO) -C test/interop/peers mod tidy -diff
	$(GO) -C test/interop/tfaws vet ./...
	$(GO) -C test/awslive mod tidy -diff
	$(GO) -C test/awslive vet ./...
	$(call tool,golangci-lint) run --build-tags interop ./...

vuln: ## govulncheck; says so where its database is out of reach
	@out=$$($(call tool,govulncheck) ./... 2>&1); code=$$?; echo "$$out"; \
	case "$$code $$out" in \
	  "1 "*"fetching vulnerabilities"*) echo "vuln: NOT CHECKED: the vulnerability database is out of reach" ;; \
	  *) exit $$code ;; \
	esac

verify: ## compare the downloaded modules, and those of the tools, with go.sum
	$(GO) mod verify
	$(GO) -C tools mod verify

sbom: build ## write what the binary is made of to dist/credrender.cdx.json (CycloneDX)
	mkdir -p dist
	packaging/sbom $(BIN) dist/credrender.cdx.json
	$(GO) run ./test/modules sbom dist/credrender.cdx.json

reproducible: ## build HEAD in two folders with a cache each, and compare the hashes (5 minutes)
	@dir=$$(mktemp -d) && trap 'rm -rf "$$dir"' EXIT && commit=$$(git rev-parse HEAD) && for n in one deeper/two; do \
	  git clone -q --no-hardlinks . "$$dir/$$n" && git -C "$$dir/$$n" checkout -q "$$commit" && \
	  (cd "$$dir/$$n" && GOCACHE="$$dir/cache-$${n##*/}" CGO_ENABLED=0 $(GO) build -trimpath -o bin/credrender ./cmd/credrender && sha256sum bin/credrender) || exit 1; \
	done && cmp "$$dir/one/bin/credrender" "$$dir/deeper/two/bin/credrender" && echo "reproducible: the two are equal"

# Goreleaser ignores the commit in a clone without a remote, so it gets one for this run.
snapshot: export GIT_CONFIG_COUNT=1
snapshot: export GIT_CONFIG_KEY_0=remote.origin.url
snapshot: export GIT_CONFIG_VALUE_0=https://github.com/credrender/credrender
snapshot: ## build everything a release holds into dist/, and publish nothing (minutes: six targets)
	$(goreleaser) check
	$(goreleaser) release --snapshot --clean --skip=publish,sign
	packaging/image dist
	packaging/formula "$$(sed -n 's/.*"version":"\([^"]*\)".*/\1/p' dist/metadata.json)" dist/SHA256SUMS > dist/credrender.rb

packages: ## install, upgrade, use and purge the deb in a Debian root; unpack the rpm and the apk (as root; builds two releases: minutes)
	PACKAGES=1 test/interop/prepare $(VENV)
	PACKAGES=1 $(GO) test -tags interop -count=1 -timeout 30m -v -run '^TestPackage' ./test/interop

demo: build ## a local store, the nginx example rendered from it, a rotation; no AWS
	rm -rf bin/demo
	$(BIN) demo bin/demo

interop: site ## run against Debian's nginx, and against moto with Python credstash
	test/interop/prepare $(VENV)
	$(GO) test -tags interop -count=1 -timeout 40m -skip '^TestAuthority' ./test/interop
	$(GO) test -tags interop -count=1 -v -run '^TestAuthority' ./test/interop

interop-full: ## systemd as PID 1 in two releases of Debian, with the slow rows; Prometheus; containers (as root)
	DEBIAN_SUITES="$(DEBIAN_SUITES)" test/interop/prepare $(VENV)
	INTEROP_FULL=1 DEBIAN_SUITES="$(DEBIAN_SUITES)" $(GO) test -tags interop -count=1 -timeout 30m -v -run '^Test(Systemd|Prometheus|Container)' ./test/interop

soak: ## rotate certificates under load of nginx and haproxy, and let AWS fail in every way for SOAK (15m)
	test/interop/prepare $(VENV)
	SOAK=$(SOAK) $(GO) test -tags interop -count=1 -timeout 2h -v -run '^TestSoak' ./test/interop

authority: ## compare requests, signatures, endpoints, credentials and errors with botocore, and print the counts
	test/interop/prepare $(VENV)
	$(GO) test -tags interop -count=1 -v -run '^TestAuthority' ./test/interop

aws-live: build ## try everything in a real AWS account, and clean up; needs AWS_LIVE=1 and AWS_LIVE_ACCOUNT=ID
	$(GO) build -C test/awslive -o $(CURDIR)/bin/awslive .
	bin/awslive -bin $(BIN) $(AWS_LIVE_FLAGS)

aws-live-clean: ## remove what an interrupted aws-live made: PREFIX=credrender-live-...
	$(GO) build -C test/awslive -o $(CURDIR)/bin/awslive .
	bin/awslive -clean '$(PREFIX)'

crash: ## kill 2,000 renders, at every step and at random, and count what is torn, mixed, lost or stray; 10,000 hostile swaps
	CRASH_KILLS=2000 CRASH_DIR=$(firstword $(wildcard /dev/shm) /tmp) HOSTILE_SWAPS=10000 \
	$(GO) test -count=1 -timeout 30m -run '^(TestCrash|TestNoEffectOutsideAHostileDirectory)$$' -v ./cmd/credrender

rekey-kills: ## kill rekey of 2,000 secrets 20 times, on the fake, on a local store and on moto, and read every value
	REKEY_SECRETS=2000 REKEY_KILLS=20 $(GO) test -count=1 -timeout 20m -run '^TestRekeyKilled$$' -v ./cmd/credrender
	test/interop/prepare $(VENV)
	REKEY_SECRETS=2000 REKEY_KILLS=20 $(GO) test -tags interop -count=1 -timeout 20m -run '^TestPythonReadsWhatKilledRekeysLeft$$' -v ./test/interop

upgrade: ## state across versions: old binaries, built from the history, and the new one on the state of each other
	$(GO) test -tags interop -count=1 -timeout 20m -v ./test/upgrade

compare-hooks: build ## the same mishaps with consul-template, and with the confd that CONFD_BIN names: docs/dev/compare-hooks.md
	GOBIN=$(CURDIR)/bin/peers $(GO) install github.com/hashicorp/consul-template@v0.41.1
	$(GO) run ./test/compare -credrender $(BIN) -consul-template bin/peers/consul-template -confd '$(CONFD_BIN)' -o docs/dev/compare-hooks.md

fleet: ## play fleets of 1,000 and 10,000 hosts against AWS's quotas and prices: docs/fleet.md (5 minutes)
	GOGC=200 FLEET_PAGE=../../docs/fleet.md $(GO) test -count=1 -timeout 2h -run '^TestWritePage$$' -v ./test/fleet

bench: bench-programs ## measure renders against the limit program, to bin/bench/ (5 minutes)
	bin/bench/bench -bin bin/bench/credrender -spawn bin/bench/spawn -md bin/bench/bench.md -json bin/bench/bench.json

bench-peers: bench-programs ## measure renders against every peer and at scale, and write the numbers, pages and plots (half an hour; leave the machine alone)
	test/interop/prepare $(VENV)
	test/bench/build-peers bin/peers
	bin/bench/bench peers -bin bin/bench/credrender -venv $(VENV) -modules test/interop/node_modules -programs bin/peers -json test/bench/peers.json $(BENCH_PEERS)
	bin/bench/bench scale -bin bin/bench/credrender -json test/bench/scale.json
	bin/bench/bench pages

# What is measured and what measures, stripped as releases are.
bench-programs:
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags '-s -w' -o bin/bench/ ./cmd/credrender ./test/bench ./test/bench/spawn

bench-check: bench-programs ## fail where renders have lost against the limit program or grow too much, by test/bench/ratios.json (a minute)
	bin/bench/bench check -bin bin/bench/credrender

docs-check: ## run the console blocks of the pages and compare their output; links, quoted messages, diagrams
	$(GO) test -count=1 ./docs

docs-update: ## write the real output of the console blocks, and the pictures, into the pages
	UPDATE_DOCS=1 $(GO) test -count=1 -run '^Test(Console|SessionPicture|Diagrams|ReferencePages)$$' ./docs

site: ## build the site of the documentation to bin/site; a link that leads nowhere fails (needs Python)
	test -x $(SITE_VENV)/bin/pip || python3 -m venv $(SITE_VENV)
	$(SITE_VENV)/bin/pip install -q --disable-pip-version-check -r tools/site/requirements.txt
	NO_MKDOCS_2_WARNING=1 $(SITE_VENV)/bin/mkdocs build -q --strict

fuzz: ## run each fuzz target for FUZZTIME (10s)
	@grep -roE --include='*_test.go' '^func Fuzz[A-Za-z0-9_]+' . | sort | while IFS=: read -r file func; do \
	  echo "$${func#func } in $$(dirname $$file)"; \
	  $(GO) test -run '^$$' -fuzz "^$${func#func }$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 1s "$$(dirname $$file)" </dev/null || exit 1; \
	done

security-mutants: ## put bugs back that break promises of docs/security.md: the tests that hold those have to notice (30 minutes)
	$(GO) run ./test/mutants security

fuzz-mutants: ## put known bugs back into parsers, one at a time: the fuzz targets have to find them (5 minutes)
	$(GO) run ./test/mutants fuzz

fuzz-quoters: ## read back ten million values of each quoter, by models of the readers in Go (minutes)
	QUOTER_VALUES=10000000 $(GO) test -count=1 -timeout 2h -v -run '^TestQuotersReadBack$$' ./pkg/template/internal/funcs

cover: ## test coverage of all packages, to coverage.out
	$(GO) test -coverpkg=./... -coverprofile=coverage.out ./...
	$(GO) tool cover -func=coverage.out | tail -n 1

clean: ## remove what the other targets made in this folder
	rm -rf bin dist coverage.out .cache $(VENV) test/interop/node_modules

.PHONY: help build install install-systemd test check canary chaos chaos-mutants exhaustive format vet cross static tidy lint vuln verify sbom reproducible snapshot packages demo interop interop-full soak authority aws-live aws-live-clean crash rekey-kills upgrade compare-hooks fleet bench bench-peers bench-programs bench-check fuzz fuzz-mutants security-mutants fuzz-quoters docs-check docs-update site cover clean
