.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Matrices are small: threads for each starve on a busy machine.
export OPENBLAS_NUM_THREADS := 1
STAMP := $(VENV)/.installed

SINCE ?=

.PHONY: help forecast app test quick test-slow lint bench format docs screens lock clean

help: ## Show what can be made
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

$(STAMP): pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or later is needed; this is " + sys.version.split()[0] if sys.version_info < (3, 11) else 0)'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	touch $@

forecast: $(STAMP) ## Forecast Redbridge from the shipped data: prints the answer and where the files are
	$(BIN)/sendplan forecast Redbridge --out out/redbridge

app: $(STAMP) ## Open the planner in a browser
	$(BIN)/streamlit run app.py

test: $(STAMP) ## Run the tests (not the slow statistics)
	$(BIN)/python -m pytest -n auto --dist loadgroup -m "not slow"

quick: $(STAMP) ## Run unit tests and laws of what changed since main, in under a minute (SINCE=HEAD: since the last commit)
	$(BIN)/python -m tests.quick $(SINCE)

test-slow: $(STAMP) ## Run the slow statistics
	$(BIN)/python -m pytest -m slow

lint: $(STAMP) ## Check style, types and import rules
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(STAMP) ## Measure speed, as ratios within one run (minutes); BEFORE=DIR sets commands against another checkout
	$(BIN)/python -m benchmarks.run
	$(BIN)/python -m benchmarks.places
	$(BIN)/python -m benchmarks.scenario
	$(BIN)/python -m benchmarks.capital
	$(BIN)/python -m benchmarks.start $(BEFORE)
	$(BIN)/python -m benchmarks.fit
	$(BIN)/python -m benchmarks.app_latency

format: $(STAMP) ## Format the code
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: $(STAMP) ## Write docs/schema.md and scenarios/schema.json from the schemas
	$(BIN)/python -m data.schemas.page > docs/schema.md
	$(BIN)/python -m scenarios.schema > scenarios/schema.json

screens: $(STAMP) ## Take the pictures of every page in docs/screens (some minutes; needs Chromium)
	$(BIN)/python -m tests.browser.screens

lock: $(STAMP) ## Write the exact versions now installed to constraints.txt
	$(BIN)/python -m pip freeze --exclude-editable > constraints.txt

clean: ## Remove the environment and results
	rm -rf $(VENV) out
