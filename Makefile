# make demo: hear it.   make play: play it.   make check: two minutes.   make help: all targets.
.POSIX:

PYTHON = python3
VENV = .venv
BIN = $(VENV)/bin
INSTALL = $(BIN)/python -m pip install --quiet --disable-pip-version-check
PYTEST = $(BIN)/python -m pytest --quiet
TOGETHER = --numprocesses=auto --dist=loadfile

help:
	@echo 'make demo    render a short melody to demo/ and play it'
	@echo 'make play    play from MIDI keyboards until Ctrl-C'
	@echo 'make check   check style, types and imports, and run the quick tests'
	@echo 'make test    the same with all tests: slow, live on JACK, against the ddsp library'
	@echo 'make clean   remove renders, caches and compiled kernels; $(VENV) stays'
	@echo 'PYTHON=...   chooses the Python to build with, 3.11 or newer'

demo: $(VENV)/runtime
	$(BIN)/arco demo

play: $(VENV)/live
	$(BIN)/arco play

check: $(VENV)/check style
	$(PYTEST) $(TOGETHER) --durations=30 -m 'not slow and not live and not reference'

# What plays live has the machine to itself: it is measured in milliseconds.
test: $(VENV)/test style
	$(PYTEST) $(TOGETHER) --durations=30 -m 'not live'
	$(PYTEST) --durations=30 -m live

style: $(VENV)/check
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

$(VENV)/python-is-new-enough:
	@command -v $(PYTHON) >/dev/null || { \
	  echo 'Arco needs Python 3.11 or newer, and $(PYTHON) is not there: make PYTHON=... says where it is.' >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "Arco needs Python 3.11 or newer, and $(PYTHON) is $$($(PYTHON) -V 2>&1): choose another with make PYTHON=..." >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/runtime: $(VENV)/python-is-new-enough pyproject.toml
	$(INSTALL) --editable '.[sound]'
	@touch $@

$(VENV)/live: $(VENV)/python-is-new-enough pyproject.toml
	$(INSTALL) --editable '.[live]'
	@touch $@

$(VENV)/check: $(VENV)/python-is-new-enough pyproject.toml
	$(INSTALL) --editable '.[test]'
	@touch $@

$(VENV)/test: $(VENV)/check
	$(INSTALL) --editable '.[test,reference]'
	$(INSTALL) --no-deps ddsp==3.7.0 'tf_keras==2.21.*'
	@touch $@

clean:
	rm -rf build demo dist .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache
	find instrument training peers tests -name __pycache__ -type d -prune -exec rm -rf {} +

.PHONY: help demo play check test style clean
