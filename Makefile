# make demo: install everything, run the sample study into a local Label Studio.   make test, make lint: what CI runs.
.DEFAULT_GOAL := help
.PHONY: help demo demo-round demo-stop test lint audit campaign clean
SHELL := /bin/bash

PYTHON ?= $(shell for p in python3.11 python3.12 python3.13 python3; do \
	$$p -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' 2>/dev/null && { echo $$p; break; }; done)
BIN := .venv/bin
STAMP := .venv/rupture-ready

help:
	@echo "make demo      install everything, run the sample study into a local Label Studio"
	@echo "make demo-round two scripted coders code the demo's queue; then collect, agreement, adjudicate, retrain, renewal"
	@echo "make demo-stop stop that Label Studio"
	@echo "make test      the whole suite, a real Label Studio and Prefect flow included"
	@echo "make lint      ruff, mypy, import contracts"
	@echo "make audit     known vulnerabilities of what both locks install; asks an advisory service on the internet"
	@echo "make campaign  the long forms of the suite's campaigns"

$(STAMP): requirements.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo "No Python 3.11, 3.12 or 3.13 is found. Install one, or name it: make PYTHON=/path/to/python demo"; exit 1; }
	@echo "Making the environment from requirements.lock with $$($(PYTHON) --version) (about a minute) ..."
	@rm -rf .venv && $(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $(STAMP)

demo: $(STAMP)
	@$(BIN)/rupture demo --folder demo-study

demo-round: $(STAMP)
	@$(BIN)/rupture demo-round --folder demo-study

demo-stop: $(STAMP)
	@$(BIN)/rupture label-studio stop demo-study

test: $(STAMP)
	$(BIN)/pytest -m "not campaign" -n logical --maxprocesses 4 --dist loadfile --no-loadscope-reorder

campaign: $(STAMP)
	$(BIN)/pytest -m campaign

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

audit: $(STAMP)
	$(PYTHON) -m venv .venv-audit && .venv-audit/bin/python -m pip install --quiet pip-audit
	for lock in requirements.lock configs/label-studio.lock; do \
		.venv-audit/bin/pip-audit -r $$lock --no-deps --disable-pip \
			$$(sed -n 's/^\([A-Z][A-Za-z0-9-]*\) .*/--ignore-vuln \1/p' configs/advisories.txt) || exit 1; \
	done

clean:
	rm -rf .venv .venv-audit .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
