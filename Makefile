# Everything a fresh machine needs: git, make, Python 3.11+.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
FOR ?= 30
SEED ?= 7
EVENTS ?= 20000
FAULTS ?= 40
BACKLOG ?= 10000

.DEFAULT_GOAL := help
.PHONY: help run demo test lint types bench chaos clean

help: ## what can be made
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## (.*)/  make \1\t\2/'

$(BIN)/.installed: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or newer is needed; $(PYTHON) is older. Say: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || \
	  { echo "$(PYTHON) cannot make a virtual environment: install its venv module (Debian: python3-venv)."; exit 1; }
	@echo "Installing into $(VENV) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@

run: $(BIN)/.installed ## the bus and five simulated control rooms, live on the terminal
	@$(BIN)/dispatch-bus run

demo: $(BIN)/.installed ## the same for FOR=30 seconds with SEED=7, and demo-report.json
	@$(BIN)/dispatch-bus demo --for $(FOR) --seed $(SEED)

# What the tests of a file share is made once; the folders that take longest come first.
test: $(BIN)/.installed lint types ## lint, types and all tests, on private servers
	@$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder

lint: $(BIN)/.installed
	@$(BIN)/ruff format --check -q .
	@$(BIN)/ruff check -q .
	@$(BIN)/lint-imports --no-logo

types: $(BIN)/.installed
	@$(BIN)/mypy

bench: $(BIN)/.installed ## benchmarks, as ratios to floors of the same run; QUICK=1: in three minutes
	@QUICK=$(QUICK) BENCH_LARGE=$(BENCH_LARGE) $(BIN)/python -m pytest -v -s -p no:xdist \
	  --no-header $(if $(QUICK),--ignore=tests/bench/test_changing_speed.py) tests/bench

chaos: FOR = 7200
chaos: $(BIN)/.installed ## bad days: FAULTS= faults from SEED= while the rooms send EVENTS= records, FOR= seconds at most; then a BACKLOG=
	@PYTHONPATH=tests $(BIN)/python -m chaos.driving --events $(EVENTS) \
	  --faults $(FAULTS) --backlog $(BACKLOG) --seed $(SEED) --for $(FOR)

clean: ## forget the environment and the local bus's data
	rm -rf $(VENV) var demo-report.json bench-report.json chaos-report.json chaos-journal.jsonl
