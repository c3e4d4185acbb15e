.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Matrices are small: threads for each starve on a busy machine.
export OPENBLAS_NUM_THREADS := 1
# The environment as the runtime lock has it, and as the lock of everything has it: installed when a lock changes.
STAMP := $(VENV)/.installed
TOOLS := $(VENV)/.installed-tools
# Only what the locks name is installed, and only files whose hashes they hold; the project itself is built with no download.
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile --no-deps
UPGRADE ?=
LOCK = $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --only-binary :all: \
  --emit-build-options --custom-compile-command 'make lock' $(UPGRADE) pyproject.toml .ci/build.in

SINCE ?=

.PHONY: help tools forecast app test quick test-slow lint bench format docs screens lock wheels audit clean

help: ## Show what can be made
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

$(BIN)/python:
	$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or later is needed; this is " + sys.version.split()[0] if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv $(VENV)

$(STAMP): pyproject.toml constraints.txt | $(BIN)/python
	$(INSTALL) --require-hashes -r constraints.txt
	$(INSTALL) --no-index --no-build-isolation -e .
	touch $@

$(TOOLS): pyproject.toml constraints.txt constraints-dev.txt | $(BIN)/python
	$(INSTALL) --require-hashes -r constraints-dev.txt
	$(INSTALL) --no-index --no-build-isolation -e .
	-$(BIN)/python -m compileall -q -j 0 $(VENV)/lib >/dev/null 2>&1
	touch $(STAMP) $@

tools: $(TOOLS) ## Install also what builds tables, fits and tests (forecasts and the app need none of it)

forecast: $(STAMP) ## Forecast Redbridge from the shipped data: prints the answer and where the files are
	$(BIN)/sendplan forecast Redbridge --out out/redbridge

app: $(STAMP) ## Open the planner in a browser
	$(BIN)/streamlit run app.py

test: $(TOOLS) ## Run the tests (not the slow statistics)
	$(BIN)/python -m pytest -n auto --dist loadgroup -m "not slow"

quick: $(TOOLS) ## Run unit tests and laws of what changed since main, in under a minute (SINCE=HEAD: since the last commit)
	$(BIN)/python -m tests.quick $(SINCE)

test-slow: $(TOOLS) ## Run the slow statistics
	$(BIN)/python -m pytest -m slow

lint: $(TOOLS) ## Check style, types and import rules
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/bandit --quiet --recursive --confidence-level medium --configfile pyproject.toml data models scenarios forecast app.py

bench: $(TOOLS) ## Measure speed, as ratios within one run (minutes); BEFORE=DIR sets commands against another checkout
	$(BIN)/python -m benchmarks.run
	$(BIN)/python -m benchmarks.places
	$(BIN)/python -m benchmarks.scenario
	$(BIN)/python -m benchmarks.capital
	$(BIN)/python -m benchmarks.workbook
	$(BIN)/python -m benchmarks.start $(BEFORE)
	$(BIN)/python -m benchmarks.fit
	$(BIN)/python -m benchmarks.app_latency

format: $(TOOLS) ## Format the code
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: $(TOOLS) ## Write docs/schema.md and scenarios/schema.json from the schemas
	$(BIN)/python -m data.schemas.page > docs/schema.md
	$(BIN)/python -m scenarios.schema > scenarios/schema.json

screens: $(TOOLS) ## Take the pictures of every page in docs/screens (some minutes; needs Chromium)
	$(BIN)/python -m tests.browser.screens

lock: $(TOOLS) ## Write both locks, the parts list and the licences from pyproject.toml (UPGRADE=--upgrade: with newer versions)
	$(LOCK) --extra team --excludes .ci/not-installed.in --output-file constraints.txt
	$(LOCK) --extra team --extra rebuild --extra dev --constraint constraints.txt --output-file constraints-dev.txt
	$(BIN)/cyclonedx-py requirements --output-reproducible --output-format JSON --pyproject pyproject.toml --output-file docs/sbom.cdx.json constraints.txt
	$(BIN)/python .ci/parts_list.py docs/sbom.cdx.json
	$(BIN)/python .ci/licences.py > docs/licences.md

wheels: $(TOOLS) ## Ask the registry whether there is a locked wheel for each system and Python that is supported
	$(BIN)/python .ci/wheels.py

audit: $(TOOLS) ## Ask whether an advisory is out for a locked package; says so where the service is not reached
	$(BIN)/python .ci/advisories.py

clean: ## Remove the environment and results
	rm -rf $(VENV) out
