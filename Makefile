# dgstudio: `make run` sets everything up and opens the studio; `make test` sets everything up and passes the tests.
SHELL := /bin/bash
PYTHON := .venv/bin/python

.PHONY: help setup run test lint bench bases picture clean

help: ## show what can be made
	@grep -E '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## (.*)/  make \1\t\2/' | expand -t 16

setup: ## make .venv and see to the system libraries
	@bash scripts/setup.sh

run: setup ## open the studio; without a display, do the proof run unattended
	@bash scripts/run.sh

test: setup lint ## lint, types, layers and tests
	@QT_QPA_PLATFORM=offscreen $(PYTHON) -m pytest

lint: setup ## ruff, mypy --strict, import-linter
	@$(PYTHON) -m ruff check --no-cache .
	@$(PYTHON) -m ruff format --check .
	@$(PYTHON) -m mypy
	@.venv/bin/lint-imports

bench: setup ## measure speed on this machine
	@$(PYTHON) -m dgstudio bench

bases: setup ## train the base models in assets/bases again
	@$(PYTHON) -m dgstudio.lab.bases

picture: setup ## make docs/studio.png again, by the proof run
	@QT_QPA_PLATFORM=offscreen $(PYTHON) -m dgstudio proof --out out
	@cp out/studio.png docs/studio.png

clean: ## remove what can be made again
	rm -rf .venv build dist out .pytest_cache .mypy_cache .ruff_cache .import_linter_cache
