# dgstudio: `make run` sets everything up and opens the studio; `make test` sets everything up and passes the tests.
SHELL := /bin/bash
PYTHON := .venv/bin/python
# Compiled modules are kept: where the environment forbids that, each process of the tests, and each program that they
# start, would compile all of them.
PYTEST := env -u PYTHONDONTWRITEBYTECODE QT_QPA_PLATFORM=offscreen $(PYTHON) -m pytest
# Two processes a core, as half of a test's time is waiting: for a stream, a window, a program. At most four: each grows
# to .9 GB. A process gets tests that lie together, as they share fixtures.
PARALLEL := --numprocesses $$(($$(getconf _NPROCESSORS_ONLN) * 2)) --maxprocesses 4 --dist worksteal

.PHONY: help setup setup-all lock fresh run test quick lint portable bench bases picture pictures clean

help: ## show what can be made
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 18

setup: ## make .venv for the window, and see to the system libraries
	@bash scripts/setup.sh window

setup-all: ## the same with tests, training, experiments, exports, cameras: 2.5 GB more, 6.5 where no CPU build of torch is found
	@bash scripts/setup.sh all

LOCK := uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --constraints constraints.txt \
	--no-header --no-annotate pyproject.toml

lock: ## write requirements/ from pyproject.toml and constraints.txt, with the hash of every file; needs uv
	@$(LOCK) --extra studio --output-file requirements/window.txt
	@$(LOCK) --extra studio --extra dev --extra lab --extra export --extra report --extra animation --extra serial --extra lsl \
		--extra webcam --output-file requirements/all.txt

run: setup ## open the studio, ARGS="--source basic_motions" say; without a display, do the proof run unattended
	@bash scripts/run.sh $(ARGS)

test: setup-all lint ## lint, types, layers and tests
	@$(PYTEST) $(PARALLEL) $(ARGS)

quick: setup-all ## ruff, and the tests that took at most .1 s the last time: at the desk, once `make test` has timed all
	@$(PYTHON) -m ruff check --no-cache .
	@$(PYTHON) -m ruff format --check .
	@$(PYTEST) $(PARALLEL) --quick $(ARGS)

lint: setup-all ## ruff, mypy --strict, import-linter
	@$(PYTHON) -m ruff check --no-cache .
	@$(PYTHON) -m ruff format --check .
	@$(PYTHON) -m mypy
	@$(PYTHON) -m mypy scripts/*.py
	@.venv/bin/lint-imports

portable: setup-all ## try the kernel on other processors, emulated: the same bytes on each
	@$(PYTHON) scripts/portable.py

bench: setup-all ## measure speed on this machine
	@$(PYTHON) -m dgstudio bench

bases: setup-all ## train the base models in assets/bases again
	@$(PYTHON) -m dgstudio.lab.bases

picture: setup-all ## make the pictures of README again, by the proof run and the first demo
	@QT_QPA_PLATFORM=offscreen $(PYTHON) -m dgstudio proof --out out
	@cp out/studio.png docs/studio.png
	@QT_QPA_PLATFORM=offscreen $(PYTHON) -m dgstudio demo haywire --unattended --moving out/haywire.webp
	@cp out/haywire.webp docs/haywire.webp

pictures: setup-all ## take a picture of every screen into out/pictures, ARGS="--size 1280x720" say; find what is clipped
	@$(PYTHON) -m dgstudio pictures $(ARGS)

fresh: ## try all this on fresh Debian machines, or PARTS of it; as root, with debootstrap
	@python3 scripts/fresh.py $(PARTS)

clean: ## remove what can be made again
	rm -rf .venv build dist out .pytest_cache .mypy_cache .ruff_cache .import_linter_cache
