# Each target sets itself up: a virtual environment in the checkout with the pinned dependencies.
# Needed beforehand: Python 3.11 or newer, and make.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.DEFAULT_GOAL := help
.PHONY: help setup interop demo test check bench docs lock clean

help:
	@echo "make demo   the tour: registrations and the documented failures, shown as ladders"
	@echo "make test   the test suite"
	@echo "make check  formatting, lint, types, import contracts, tests with branch coverage"
	@echo "make bench  the benchmarks, JSON in bench.json, and what has to be quick"
	@echo "make docs   docs/ as a site in build/site"
	@echo "make lock   renew requirements/*.txt from pyproject.toml"

setup: $(READY)

$(READY): requirements/dev.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("ucmsim needs Python 3.11 or newer, not " + sys.version.split()[0] if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv --clear $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

# The foreign clients of tests/interop that come from the package registry.
interop: $(READY)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/interop.txt

demo: $(READY)
	$(BIN)/ucmsim demo

test: $(READY)
	$(BIN)/pytest -q -n auto

check: $(READY)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/pytest -q -n auto --cov --cov-report=term --cov-fail-under=90
	$(BIN)/ucmsim check

bench: $(READY)
	$(BIN)/python -m benchmarks --json bench.json
	$(BIN)/pytest -q -n 0 benchmarks/times

# The generator has an environment of its own: nobody needs it to use or change ucmsim.
DOCS := build/docs-venv
docs: $(READY)
	$(BIN)/python docs/generate.py build/docs
	$(PYTHON) -m venv $(DOCS)
	$(DOCS)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/docs.txt
	$(DOCS)/bin/zensical build --clean --config-file mkdocs.yml

LOCK := uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-strip-extras --no-header --quiet

# uv resolves once for every platform and Python from 3.11 on; it is only needed here.
lock:
	$(LOCK) pyproject.toml --group dev -o requirements/dev.txt
	$(LOCK) --group docs -o requirements/docs.txt
	$(LOCK) --group interop -c requirements/dev.txt -o requirements/interop.txt

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage .coverage.*
