# make demo: hear it.   make play: play it.   make check: two minutes.   make help: all targets.
.POSIX:

PYTHON = python3
VENV = .venv
BIN = $(VENV)/bin
INSTALL = $(BIN)/python -m pip install --quiet --disable-pip-version-check
# Tests start hundreds of programs, which needn't each compile what they import.
PYTEST = PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest --quiet
LIVE = tests/instrument/live
PAGE = test_page*.py
TOGETHER = --numprocesses=auto --dist=loadfile --no-loadscope-reorder
FUZZED = build/fuzz
ROUNDS = 34
SEED = 1

help:
	@echo 'make demo    render a short melody to demo/ and play it'
	@echo 'make play    play from MIDI keyboards until Ctrl-C'
	@echo 'make ui      play on the map of the latent space, in the browser'
	@echo 'make check   check style, types and imports, and run the quick tests'
	@echo 'make test    the same with all tests: slow, live on JACK, against the ddsp library'
	@echo 'make fuzz    try 100,000 damaged files: hours; goes on where it was interrupted'
	@echo 'make clean   remove renders, caches and compiled kernels; $(VENV) stays'
	@echo 'PYTHON=...   chooses the Python to build with, 3.11 or newer'

demo: $(VENV)/runtime
	$(BIN)/arco demo

play: $(VENV)/live
	$(BIN)/arco play

ui: $(VENV)/ui
	$(BIN)/arco ui --open

check: $(VENV)/check style
	$(PYTEST) $(TOGETHER) --durations=30 -m 'not slow and not live and not reference and not fuzz'

# What plays live has the machine to itself: it is measured in milliseconds. The page's tests wait
# most of their time.
test: $(VENV)/test style
	$(PYTEST) $(TOGETHER) --durations=30 -m 'not live'
	$(PYTEST) $(TOGETHER) --durations=10 -m live $(LIVE)/$(PAGE)
	$(PYTEST) --durations=30 -m live --ignore-glob='*/$(PAGE)' $(LIVE)

# A round has a seed of its own, and a log when it is done, so that the next run goes on behind it.
fuzz: $(VENV)/check
	@mkdir -p $(FUZZED)
	@seed=$(SEED); last=$$(($(SEED) + $(ROUNDS) - 1)); \
	while [ $$seed -le $$last ]; do \
	  log=$(FUZZED)/seed-$$seed.log; \
	  [ -e $$log ] || { \
	    $(PYTEST) --numprocesses=auto -m fuzz --timeout=3600 --hypothesis-profile=nightly \
	      --hypothesis-seed=$$seed --hypothesis-show-statistics >$$log.part 2>&1 || { \
	        cat $$log.part; echo "Seed $$seed found something: $$log.part" >&2; exit 1; }; \
	    mv $$log.part $$log; }; \
	  echo "Seed $$seed of $$last: $$(tail -n 1 $$log)"; \
	  seed=$$((seed + 1)); \
	done

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

$(VENV)/ui: $(VENV)/python-is-new-enough pyproject.toml
	$(INSTALL) --editable '.[ui]'
	@touch $@

# Of what tests bring, little is used: it is compiled when it first is.
$(VENV)/check: $(VENV)/python-is-new-enough pyproject.toml
	$(INSTALL) --no-compile --editable '.[test]'
	@touch $@

$(VENV)/test: $(VENV)/check
	$(INSTALL) --no-compile --editable '.[test,reference]'
	$(INSTALL) --no-compile --no-deps ddsp==3.7.0 'tf_keras==2.21.*'
	@touch $@

clean:
	rm -rf build demo dist .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache
	find instrument training peers tests -name __pycache__ -type d -prune -exec rm -rf {} +

.PHONY: help demo play ui check test fuzz style clean
