# `make report` and `make test` do all the set-up themselves: Python 3.11+, pip and make are enough.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
OUT    ?= reports

.PHONY: help report test lint types docs bench conformance calibrate clean

help:
	@echo "make report       run the main job offline and write the HTML report"
	@echo "make test         run the tests"
	@echo "make lint types   ruff; mypy --strict"
	@echo "make docs         build the documentation into site/"
	@echo "make bench        print speed and memory ratios"
	@echo "make conformance  compare with the reference numbers in ../shared/oracle"
	@echo "make calibrate    measure size and power again and write docs/reference/calibration-*.md (an hour)"

# One environment for users, one stamp for each set of extras.
$(VENV)/.made: pyproject.toml
	$(PYTHON) -c "import sys; sys.exit('eventstudy needs Python 3.11 or newer, this is ' + sys.version.split()[0]) if sys.version_info < (3, 11) else None"
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	@touch $@

$(VENV)/.made-test: $(VENV)/.made
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[test]'
	@touch $@

$(VENV)/.made-docs: $(VENV)/.made
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[docs]'
	@touch $@

report: $(VENV)/.made
	@mkdir -p $(OUT)
	$(BIN)/eventstudy report --out $(OUT)/six-nation-accord-1994.html

test: $(VENV)/.made-test
	$(BIN)/python -m pytest --numprocesses=auto --dist=worksteal

lint: $(VENV)/.made-test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.made-test
	$(BIN)/mypy

docs: $(VENV)/.made-docs
	$(BIN)/python docs/make_pages.py
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

bench: $(VENV)/.made-test
	$(BIN)/python tests/benchmarks/run.py
	$(BIN)/python tests/benchmarks/garch.py

conformance: $(VENV)/.made-test
	$(BIN)/python -m tests.conformance --fixtures ../shared/oracle/fixtures --expected ../shared/oracle/expected

calibrate: $(VENV)/.made-test
	$(BIN)/python docs/make_calibration.py

clean:
	rm -rf $(VENV) build dist site reports .mypy_cache .pytest_cache .ruff_cache
