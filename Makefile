# `make help` lists the targets. Everything is installed into .venv and nowhere else.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PEERS := .venv-peers
PEERS_LOCK := benchmarks/peers/requirements.lock
SPARK := .venv-spark
IN_SPARK := $(SPARK)/bin/pip --disable-pip-version-check --quiet install
SPARK_LOCK := deploy/spark/requirements.lock
SPARK_BUILD_LOCK := deploy/spark/build.lock
PIP := $(BIN)/pip --disable-pip-version-check --quiet
EXACTLY := --only-binary :all: --require-hashes --requirement
# By uv, which takes seconds. It does not read pip's settings, such as an index of one's own: pip does what uv cannot.
INSTALL = $(BIN)/uv pip install --python $(BIN)/python $(EXACTLY) $(1) || $(PIP) install $(EXACTLY) $(1)
PIN := $(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes \
	--only-binary :all: --no-emit-index-url --no-header
COMPILE := $(PIN) --extra local --extra oidc --group build

unexport PYTHONDONTWRITEBYTECODE # or each process compiles our code again
.DEFAULT_GOAL := help
SEEDS ?= 1 2 3
# Tests that need no server, shared by two processes.
FAST ?= tests/unit tests/property
# Tests with servers: three processes, each with its own, share them file by file, the longest files of a suite first (tests/durations.json).
WITH_SERVERS := tests/chaos tests/soak tests/integration tests/contract
# Their brokers live for seconds or minutes, in which Java's second compiler costs more than it gains, and loading classes most.
CLASSES := $(VENV)/kafka.jsa
BRIEF_BROKERS := JAVA_TOOL_OPTIONS="-XX:TieredStopAtLevel=1 -XX:SharedArchiveFile=$(abspath $(CLASSES))"
FILE_BY_FILE = $(BRIEF_BROKERS) $(BIN)/pytest --dist loadfile --no-loadscope-reorder
# Tests in a real browser. Apart from all others: Playwright keeps an event loop running, in which no other test can.
PAGES := tests/browser

.PHONY: help install dev check types fast audit sbom test with-servers pages durations browser laws image-test chaos soak demo picture bench spark schemas lock clean

help: ## show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1\t/' | expand -t 20

install: $(VENV)/.installed ## make .venv with the command harmonia in it

dev: $(VENV)/.dev ## install, and the tools of developers

check: dev ## the fast gate: lint, types, import directions, unit and property tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	+$(MAKE) --no-print-directory --jobs 2 types fast

types: dev
	$(BIN)/mypy benchmarks events sinks streams tests

fast: dev
	$(BIN)/lint-imports
	$(BIN)/pytest -n 2 $(FAST)

audit: dev ## our code and the libraries that are pinned, looked through for known holes
	$(BIN)/bandit --quiet --recursive --configfile pyproject.toml events sinks streams
	$(BIN)/python -m streams.local.audit

sbom: dev ## dist/sbom.json: all that is installed beside our code, as CycloneDX
	@mkdir -p dist
	$(BIN)/cyclonedx-py requirements requirements.lock --pyproject pyproject.toml --output-reproducible --output-file dist/sbom.json

test: dev ## all tests, on a Kafka and a Redis that they start and stop
	[ -z "$(FAST)" ] || $(BIN)/pytest -n 2 $(FAST)
	+$(MAKE) --no-print-directory --jobs 2 with-servers pages

with-servers: $(CLASSES)
	$(FILE_BY_FILE) -n 3 $(ARGS) $(WITH_SERVERS)

pages: $(CLASSES) # one process, beside those of the tests with servers, which wait most of their time; it tells all at its end
	@said=$$(mktemp); passed=0; $(FILE_BY_FILE) -n 1 $(PAGES) > "$$said" 2>&1 || passed=$$?; cat "$$said"; rm -f "$$said"; exit $$passed

durations: with-servers browser ## write down how long each file with servers takes: tests/durations.json
durations: ARGS = --write-durations

browser: $(CLASSES) ## all of the console's pages in a real browser, many tabs and a provider for signing in among them
	sh tests/browser/packages.sh
	$(FILE_BY_FILE) -n 3 $(ARGS) $(PAGES)

laws: dev ## every law with its full budget and new examples, and that of the fast way over all pairs, in half an hour
	LAWS=all $(BIN)/pytest -n 2 tests/property

image-test: dev ## build deploy/Dockerfile and run what it makes, in some minutes; as root on Debian
	sh tests/image/packages.sh
	$(BIN)/pytest -m image --override-ini faulthandler_timeout=0 tests/image

chaos: dev ## every fault under load, each with every seed; SEEDS="1 2 3" ARGS="-k broker"
	CHAOS_SEEDS="$(SEEDS)" $(BIN)/pytest -m chaos --override-ini faulthandler_timeout=0 tests/chaos $(ARGS)

soak: dev ## ten minutes of steady load: memory, open files and threads must stay flat; ARGS="--minutes 60 --seed 2"
	$(BIN)/python -m tests.soak $(ARGS)

demo: install ## the whole system on real input, checked against a recount; ARGS="--play" for an evening
	$(BIN)/harmonia demo $(ARGS)

picture: dev ## docs/screenshots/console-light.png and -dark.png: the console's first page, with the demo's data
	sh tests/browser/packages.sh
	$(BIN)/python -m benchmarks.screenshots.console $(ARGS)

bench: install ## everything of docs/performance.md, in hours; ARGS="--list", ARGS="--suite peers" for the engine and its peers
	@$(MAKE) --no-print-directory $(PEERS)/.installed || echo "The peers' libraries cannot be installed" >&2
	@$(BIN)/python -m benchmarks $(ARGS)

spark: $(SPARK)/.installed ## deploy/spark/fold.py on a Spark of this machine, held to the stream; ARGS="--rows 3000000"
	$(SPARK)/bin/python -m benchmarks.history.spark $(ARGS)

schemas: install ## write docs/schemas, what docs tell of types, metrics, topics and settings, and deploy/acl/kafka.acl
	$(BIN)/harmonia schemas export docs/schemas
	$(BIN)/python -m events.reference docs
	$(BIN)/python -m streams.operations.privacy_page docs/privacy.md
	$(BIN)/python -m streams.services.console.acts docs/console.md
	$(BIN)/python -m streams.operations.acl > deploy/acl/kafka.acl
	$(BIN)/python -m streams.platform.settings_reference > docs/settings.md

lock: dev ## choose the newest versions of all libraries, and pin them
	$(COMPILE) pyproject.toml --output-file requirements.lock
	$(COMPILE) pyproject.toml --group dev --constraint requirements.lock --output-file requirements-dev.lock
	$(PIN) --extra oidc pyproject.toml --constraint requirements.lock --output-file deploy/requirements.lock
	$(PIN) --group build --constraint requirements.lock --output-file deploy/build.lock
	$(PIN) benchmarks/peers/requirements.in --output-file $(PEERS_LOCK)
	$(PIN) deploy/spark/build.in --output-file $(SPARK_BUILD_LOCK)
	$(PIN) --no-binary pyspark deploy/spark/requirements.in --constraint requirements.lock --output-file $(SPARK_LOCK)
	$(BIN)/python -m streams.local.lock

clean: ## stop the local stack; remove it, .venv and the caches
	[ ! -x $(BIN)/harmonia ] || for home in .harmonia .harmonia/demo; do \
		HARMONIA_HOME=$$home $(BIN)/harmonia local down; done
	rm -rf $(VENV) $(PEERS) $(SPARK) benchmarks/peers/kafka_streams/target .harmonia .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache

$(VENV)/.installed: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "harmonia needs Python 3.11 or newer, and $(PYTHON) is $$($(PYTHON) --version 2>&1): make PYTHON=python3.12" >&2; exit 1; }
	@echo "Installing into $(VENV)" >&2
	@$(PYTHON) -m venv $(VENV)
	@awk '/^[^ #]/ { is_uv = /^uv==/ } is_uv' requirements-dev.lock > $(VENV)/uv.lock
	@$(PIP) install $(EXACTLY) $(VENV)/uv.lock || echo "uv cannot be installed, so pip installs all" >&2
	@export UV_COMPILE_BYTECODE=1; $(call INSTALL,requirements.lock)
	@$(PIP) install --no-build-isolation --no-deps --editable .
	@touch $@

$(PEERS)/.installed: $(PEERS_LOCK)
	@echo "Installing the engine's peers into $(PEERS)" >&2
	@$(PYTHON) -m venv $(PEERS)
	@$(PEERS)/bin/pip --disable-pip-version-check --quiet install --only-binary :all: --require-hashes --requirement $(PEERS_LOCK)
	@touch $@

$(SPARK)/.installed: requirements.lock pyproject.toml $(SPARK_LOCK) $(SPARK_BUILD_LOCK)
	@echo "Installing PySpark, which is published as source, into $(SPARK)" >&2
	@$(PYTHON) -m venv $(SPARK)
	@$(IN_SPARK) --only-binary :all: --require-hashes --requirement requirements.lock
	@$(IN_SPARK) --only-binary :all: --require-hashes --requirement $(SPARK_BUILD_LOCK)
	@$(IN_SPARK) --only-binary :all: --no-binary pyspark --no-build-isolation --require-hashes --requirement $(SPARK_LOCK)
	@$(IN_SPARK) --no-build-isolation --no-deps --editable .
	@touch $@

$(CLASSES): streams/local/kafka.lock $(VENV)/.dev
	@echo "Archiving the classes of Kafka for tests, once" >&2
	@$(BIN)/python -m tests.class_archive $@

$(VENV)/.dev: requirements-dev.lock $(VENV)/.installed
	@echo "Installing the tools of developers into $(VENV)" >&2
	@$(call INSTALL,requirements-dev.lock)
	@touch $@
