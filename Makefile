# `make demo` and `make test` set up all they need; `make help` lists the rest.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: demo test test-fast test-lowest test-newest test-nightly lint types bench clean help
.PHONY: env env-dev models

PYTHON ?=
export PYTHON
ENV = .venv
BIN = $(ENV)/bin
SAY := printf '[make] %s\n'
# One thread per worker, so that two workers do not fight for a core. Byte code is kept, whatever the
# environment says: without it every process of a run compiles all files again.
PYTEST = PYTHONDONTWRITEBYTECODE= OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 \
  $(BIN)/python -m pytest -n auto --dist worksteal

# The same made-up examples every time, in the fast suite a few of them (tests/conftest.py);
# the nightly runs draw new ones.
SAME := --hypothesis-profile=same
FEW := --hypothesis-profile=fast
# Its files are in memory where there is a folder for that with 4 GB of room: some are flushed to disk.
ROOM := $(shell df --output=avail -m /dev/shm 2>/dev/null | tail -n 1)
IN_MEMORY := $(shell [ "0$(strip $(ROOM))" -ge 4096 ] && [ -w /dev/shm ] && echo TMPDIR=/dev/shm)
FAST = $(IN_MEMORY) $(PYTEST) -o tmp_path_retention_policy=failed $(FEW) -m "not e2e and not slow and not nightly and not network"

demo: env models  ## Set up, then judge the demo pictures in examples/
	@$(SAY) "facepad check examples/*.jpg"
	@$(BIN)/facepad check examples/*.jpg

test: env-dev models  ## Set up, then run the whole suite but the nightly runs
	@$(PYTEST) $(SAME) -m "not nightly"

test-fast: env-dev  ## Unit and contract tests: no network, under a minute
	@$(FAST)

test-lowest: ENV := .venv-lowest
test-lowest:  ## The fast suite with the lowest version of every dependency
	@scripts/setup.sh lowest
	@$(FAST)

test-newest: ENV := .venv-newest
test-newest:  ## The fast suite with the newest version of every dependency
	@scripts/setup.sh newest
	@$(FAST)

test-nightly: env-dev models  ## The long runs: fuzzing, and new examples of every property
	@$(PYTEST) -m "nightly or hypothesis"

lint: env-dev  ## Ruff: rules and format
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

types: env-dev  ## mypy, strict
	@$(BIN)/mypy

bench: env-dev models  ## Every benchmark, one after the other
	@for file in benchmarks/*.py; do $(SAY) "$$file"; $(BIN)/python "$$file"; done

clean:  ## Remove the environment and all caches (not the downloaded face models)
	@rm -rf .venv .venv-* .pytest_cache .mypy_cache .ruff_cache .hypothesis build dist
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

help:  ## This list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

env:
	@scripts/setup.sh core

env-dev:
	@scripts/setup.sh dev

models:
	@$(SAY) "face models (fetched once) ..."
	@$(BIN)/facepad models pull
