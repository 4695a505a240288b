# `make help` lists what can be made.  Each target works on a clean clone: it first makes the
# virtual environment it needs, once, and again only when pyproject.toml or constraints.txt change.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

PYTHON ?= python3
VENV ?= .venv
EXTRAS := torch,tensorflow-cpu,dev
JOBS ?= 2
ARGS ?=
SUITE ?=
EXAMPLES ?= 20

BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed

# One thread per test process: JOBS processes, each with both frameworks loaded, would otherwise
# start a pool per framework and per core, and spend the time waiting for each other.
ONE_THREAD := OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 MKL_NUM_THREADS=1 \
	TF_NUM_INTRAOP_THREADS=1 TF_NUM_INTEROP_THREADS=1

# Idle workers take over waiting tests of busy ones: files differ much in length.
PYTEST := $(ONE_THREAD) $(BIN)/python -m pytest -n $(JOBS) --dist worksteal

.PHONY: help venv test test-long array-api lint format compare bench clean

help:  ## this list
	@sed -nE 's/^([a-z-]+):.*## (.*)/make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 18
	@printf '%s\n' '' 'Variables: PYTHON=python3 (3.11 or newer), VENV=.venv, JOBS=2 (test processes),' \
	  '  ARGS for test, test-long, array-api, compare, bench: make test ARGS="-k softmax -x",' \
	  '  SUITE (a clone of data-apis/array-api-tests) and EXAMPLES=20 (per test) for array-api'

venv: $(INSTALLED)  ## the virtual environment, with both frameworks and the tools

$(INSTALLED): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet -c constraints.txt -e '.[$(EXTRAS)]'
	touch $@

test: $(INSTALLED)  ## the tests and doctests that developers run often
	$(PYTEST) $(ARGS)

test-long: $(INSTALLED)  ## the tests marked `long`
	$(PYTEST) -m long $(ARGS)

array-api: $(INSTALLED)  ## the array API standard's own tests, on both backends: SUITE=their folder
	@test -f "$(SUITE)/array_api_tests/stubs.py" || { \
	  echo 'git clone --recurse-submodules https://github.com/data-apis/array-api-tests, and then'; \
	  echo 'make array-api SUITE=/path/to/array-api-tests'; exit 2; }
	$(BIN)/python -m pip install --quiet -c constraints.txt -r "$(SUITE)/requirements.txt"
	status=0; for package in dualnet_torch dualnet_tf; do \
	  (cd "$(SUITE)" && $(ONE_THREAD) TF_CPP_MIN_LOG_LEVEL=3 PYTHONPATH="$(CURDIR)" \
	    ARRAY_API_TESTS_MODULE=$$package.ops "$(abspath $(BIN))/python" -m pytest array_api_tests \
	    -p tests.array_api.plugin -p no:cacheprovider -q --tb=short --disable-warnings \
	    --max-examples $(EXAMPLES) $(ARGS)) || status=1; \
	done; exit $$status

lint: $(INSTALLED)  ## ruff (rules, format) and mypy
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(INSTALLED)  ## mends what ruff can mend
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

compare: $(INSTALLED)  ## trains on the digits with both frameworks and prints how far they part
	$(BIN)/dualnet compare digits $(ARGS)

bench: $(INSTALLED)  ## times dualnet beside native loops, Keras and, if installed, Lightning
	$(BIN)/dualnet bench $(ARGS)

clean:  ## removes the environment and everything made
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find dualnet dualnet_bench dualnet_torch dualnet_tf tests -name __pycache__ -type d -prune -exec rm -rf {} +
