# The project's own commands. `make demo` and `make test` are all a newcomer needs.
BIN := node_modules/.bin
export PATH := $(CURDIR)/$(BIN):$(PATH)

.PHONY: help fuzz install build lint types boundaries unused test check demo demo-down demo-check demo-destroy bench \
	bench-engine bench-crash crash crash-all faults differential seed hosts-prepare hosts-up hosts-test hosts-down bench-deploy deploy-crash clean

help: ## Show this
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 16

# Warnings would be of the machine's older Node: what is installed runs on the one that comes with it.
node_modules/.installed: package.json package-lock.json $(wildcard packages/*/package.json)
	npm ci --loglevel=error
	@touch $@

install: node_modules/.installed ## Install dependencies

build: install ## Build the npm package into dist/
	node tools/build.ts

lint: install ## Lint and check the format
	oxlint --type-aware --deny-warnings packages e2e bench tools
	oxfmt --check packages e2e bench tools

types: install ## Check types
	tsc -p tsconfig.json

boundaries: install ## Check the arrows between packages
	node tools/boundaries.ts

unused: install ## Find what nothing uses
	knip

check: lint types boundaries unused ## Everything but the tests

test: check build ## Lint, types, boundaries and every test
	vitest run

demo: build ## The whole workflow against the local cloud, until staging and production are live
	node tools/demo/main.ts up

demo-down: install ## Stop the demo's local cloud
	node tools/demo/main.ts down

demo-check: build ## Check that nothing would change, and that no secret is in clear
	node tools/demo/main.ts check

demo-destroy: build ## doge destroy in the demo, and check that nothing is left
	node tools/demo/main.ts destroy

differential: install ## Compare the engine with the real terraform on random configurations (SEEDS=300, FIRST=1, SEED=17, RECORD=name)
	node tools/differential/main.ts

seed: install ## A Terraform project of the seed's shape, by the real terraform against the local cloud
	vitest run e2e/seed-terraform.test.ts

fuzz: install ## Throw mutated expressions and configurations at the engine (SEEDS=10000, SEED=1)
	node packages/engine/test/fuzz/main.ts

crash: build ## Kill doge at every instant of its commands and run it again (SAMPLE=2 SEED=17 for a few, EVERY=10)
	node tools/crash/main.ts

crash-all: build ## Stop doge at every instant of its commands, and run it again from what a kill would leave (ONLY="stage, native", RESULTS=file)
	node tools/crash/every.ts

bench-crash: build ## Kill doge and the real terraform at the same instants, and run them again (SAMPLE=25 SEED=17)
	node tools/crash/compare.ts

faults: build ## Run doge against limits, errors, time-outs, cut connections and late reads (SEEDS=12 FROM=1, SEED=17 for one)
	node tools/faults/main.ts

bench-engine: install ## Time the engine beside the real terraform
	node bench/engine/main.ts

bench: build ## Print the table of figures
	node bench/main.ts

hosts-prepare: install ## Make root file system and images for real hosts (root, Linux)
	node tools/hosts/main.ts prepare

hosts-up: install ## Boot real hosts: stage and prod, with systemd, OpenSSH and Docker
	node tools/hosts/main.ts up

hosts-test: build ## Suites of the ports, the droplet's set-up, and deploys on fresh real hosts: Django, without a registry, a lost host, TLS, rollback, leases
	node tools/hosts/main.ts run vitest run --config vitest.hosts.config.ts e2e/hosts/ports e2e/hosts/set-up e2e/hosts/adopt e2e/hosts/disaster.hosts \
		$(if $(SHORT),,e2e/hosts/disaster-parts e2e/hosts/without-registry)
	node tools/hosts/main.ts run vitest run --config vitest.hosts.config.ts e2e/hosts/release
	node tools/hosts/main.ts run vitest run --config vitest.hosts.config.ts e2e/hosts/lease

bench-deploy: install ## 20 deploys under load on a real host, beside the naive order (make hosts-up first; BUSY=--busy: twice the visits)
	node tools/hosts/main.ts run node bench/deploy/main.ts $(SHORT) $(BUSY)

deploy-crash: install ## Kills and breaks deploys on a real host at every step, under load (make hosts-up first)
	node tools/hosts/main.ts run node e2e/hosts/crash/main.ts $(SHORT)

hosts-down: install ## End the real hosts and leave nothing
	node tools/hosts/main.ts down

clean: ## Remove what was built
	rm -rf dist .demo
