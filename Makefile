# Everything a checkout needs, in two words: `make demo` or `make test`. Each does its own set-up.
#
# Nothing but python3 (3.11 or later), pip, make and git is asked for. pip's own configuration is used as it stands,
# so a mirror works; after the first run no network is needed. The stamp files keep a second run from asking pip again.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# pip of the environment if it has one, else the machine's pip pointed at the environment.
PIP = $$($(BIN)/python -m pip --version >/dev/null 2>&1 && echo "$(BIN)/python -m pip" || echo "$(PYTHON) -m pip --python $(BIN)/python")
LOCKED = install --quiet --disable-pip-version-check --no-deps --require-hashes

.DELETE_ON_ERROR:
.DEFAULT_GOAL := help
.PHONY: help setup demo test check slow soak bench lock clean

help:
	@echo 'make demo   play a flash crash on the paper exchange, no keys and no network needed'
	@echo 'make test   the fast tests, on two cores'
	@echo 'make check  lint, format, types, imports and the fast tests'
	@echo 'make slow   the long tests'
	@echo 'make soak   the fault lab for hours, and docs/reliability.md; SOAK="--hours 1" for one'
	@echo 'make bench  the speed figures, beside their floors'
	@echo 'make setup  the environment with everything a developer needs, and nothing else'

setup: $(VENV)/.dev

demo: $(VENV)/.run
	@$(BIN)/holdfast demo

test: $(VENV)/.dev
	@$(BIN)/python -m pytest -q -n 2

check: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -q -n 2

slow: $(VENV)/.dev
	@$(BIN)/python -m pytest -q -n 2 -m slow

soak: $(VENV)/.dev
	@$(BIN)/python -m tests.faults.soak $(SOAK)

bench: $(VENV)/.dev
	@$(BIN)/python -m benchmarks

# Debian ships venv without ensurepip, so the first try fails on a bare machine; its advice would only frighten.
$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "Holdfast needs Python 3.11 or later; '$(PYTHON)' is not. Try: make PYTHON=python3.11 $(MAKECMDGOALS)"; exit 1; }
	@echo 'Setting up $(VENV), once; this takes about half a minute.'
	@$(PYTHON) -m venv $(VENV) >/dev/null 2>&1 || { rm -rf $(VENV); $(PYTHON) -m venv --without-pip $(VENV); }

$(VENV)/.locked-run: requirements.lock | $(BIN)/python
	@$(PIP) $(LOCKED) -r requirements.lock
	@touch $@

$(VENV)/.locked-dev: requirements-dev.lock | $(VENV)/.locked-run
	@$(PIP) $(LOCKED) -r requirements-dev.lock
	@touch $@

# hatchling and editables come from the lock, so no build environment is fetched behind its back.
$(VENV)/.run: pyproject.toml $(VENV)/.locked-run
	@$(PIP) install --quiet --disable-pip-version-check --no-build-isolation --no-deps --editable .
	@touch $@

$(VENV)/.dev: $(VENV)/.locked-dev $(VENV)/.run
	@touch $@

# Versions and hashes for every platform, and no address: the reader's own pip decides where to fetch from.
# Needs uv (pip install uv); `make lock` is only for those who change a dependency.
UV_COMPILE = uv pip compile --no-config --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
	--no-emit-index-url --no-emit-find-links --quiet pyproject.toml
lock:
	$(UV_COMPILE) --extra build --output-file requirements.lock
	$(UV_COMPILE) --extra build --extra parquet --extra cluster --extra dev --constraint requirements.lock --output-file requirements-dev.lock

clean:
	rm -rf $(VENV) build dist .coverage htmlcov .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
