# `make demo` and `make test` do all the set-up on a fresh machine: a virtual environment in .venv, the pinned
# dependencies, and on Debian/Ubuntu the system libraries that Qt needs.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

# Tests side by side; each worker is a process of its own with one thread.
WORKERS ?= 2

.PHONY: demo test test-slow check window setup setup-dev system pictures bench clean

demo: setup
	$(BIN)/trasluz demo

window: setup
	$(BIN)/trasluz

test: setup-dev check
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadgroup

test-slow: setup-dev
	$(BIN)/python -m pytest -m "slow and not gpu" --timeout=3600

check: setup-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	PYTHONPATH=app $(BIN)/lint-imports

setup: system $(VENV)/installed

setup-dev: system $(VENV)/installed-dev

system:
	@sh packaging/system-libraries.sh

$(VENV)/installed: pyproject.toml constraints.txt
	$(PYTHON) packaging/environment.py $(VENV)
	@touch $@

$(VENV)/installed-dev: pyproject.toml constraints.txt
	$(PYTHON) packaging/environment.py $(VENV) --dev
	@touch $@ $(VENV)/installed

# The guide's pictures, of a project whose last run is a finetuning: make pictures PROJECT=… PHOTOS="…"
pictures: setup
	$(BIN)/python packaging/pictures.py --out docs/pictures --project $(PROJECT) --photos $(PHOTOS)
	$(BIN)/python packaging/pictures.py --out docs/pictures --project $(PROJECT) --theme dark --pages train

bench: setup-dev
	for each in benchmarks/*.py; do $(BIN)/python $$each || exit 1; done

clean:
	rm -rf $(VENV) build dist .pytest_cache .ruff_cache .mypy_cache .hypothesis
