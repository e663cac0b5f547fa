# make demo: hear it.   make play: play it.   make test: check everything.   make help: all targets.
.POSIX:

PYTHON = python3
VENV = .venv
BIN = $(VENV)/bin

help:
	@echo 'make demo    render a short melody to demo/ and play it'
	@echo 'make play    play from MIDI keyboards until Ctrl-C'
	@echo 'make test    check style, types and behaviour'
	@echo 'make clean   remove renders, caches and compiled kernels; $(VENV) stays'
	@echo 'PYTHON=...   chooses the Python to build with, 3.11 or newer'

demo: $(VENV)/runtime
	$(BIN)/arco demo

play: $(VENV)/live
	$(BIN)/arco play

test: $(VENV)/test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m pytest

$(VENV)/python-is-new-enough:
	@command -v $(PYTHON) >/dev/null || { \
	  echo 'Arco needs Python 3.11 or newer, and $(PYTHON) is not there: make PYTHON=... says where it is.' >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "Arco needs Python 3.11 or newer, and $(PYTHON) is $$($(PYTHON) -V 2>&1): choose another with make PYTHON=..." >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/runtime: $(VENV)/python-is-new-enough pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[sound]'
	@touch $@

$(VENV)/live: $(VENV)/python-is-new-enough pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[live]'
	@touch $@

$(VENV)/test: $(VENV)/python-is-new-enough pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[test,reference]'
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps ddsp==3.7.0 'tf_keras==2.21.*'
	@touch $@

clean:
	rm -rf build demo dist .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find instrument training peers tests -name __pycache__ -type d -prune -exec rm -rf {} +

.PHONY: help demo play test clean
