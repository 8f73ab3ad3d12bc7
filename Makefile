# Everything runs in its own environment in .venv; only Python >= 3.11 and make are needed.
PYTHON ?= python3
VENV := .venv
KERNEL := setup.py $(wildcard src/figureground/native/*.[ch])
BIN := $(VENV)/bin

.PHONY: demo test lint clean
demo: $(VENV)/.ready
	$(BIN)/figureground demo demo

test: $(VENV)/.ready-dev
	$(BIN)/python -m pytest -n 2 --dist worksteal

lint: $(VENV)/.ready-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

clean:
	rm -rf $(VENV) demo

$(BIN)/python:
	$(PYTHON) -c "import sys; sys.exit(sys.version_info < (3, 11) and 'figureground needs Python 3.11 or newer')"
	$(PYTHON) -m venv $(VENV)

$(VENV)/.ready: $(BIN)/python pyproject.toml $(KERNEL)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	touch $@

$(VENV)/.ready-dev: $(BIN)/python pyproject.toml $(KERNEL)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	touch $(VENV)/.ready $@
