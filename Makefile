# One word for each daily act. Needs Python 3.11 or newer, and make.
# `make run ARGS=--fresh`, `make test ARGS="tests/expr -k round"`

PYTHON ?= $(firstword $(foreach p,python3.13 python3.12 python3.11 python3 python,\
	$(shell $(p) -c 'import sys; sys.version_info >= (3, 11) and print("$(p)")' 2>/dev/null)))
BIN := .venv/bin
MADE := .venv/.made

.PHONY: run setup test lint coverage mutate bench bench-automl docs wheel oldest soak clean

run: $(MADE)  ## the whole loop on the flights example, then serve it on 127.0.0.1:8686
	$(BIN)/treadle run examples/flights --serve $(ARGS)

setup: $(MADE)  ## the environment alone, in .venv

test: $(MADE)  ## all tests
	$(BIN)/pytest $(ARGS)

lint: $(MADE)  ## style, then types
	$(BIN)/ruff check src tests benchmarks examples
	$(BIN)/ruff format --check src tests benchmarks examples
	$(BIN)/mypy

coverage: $(MADE)  ## the table of lines and branches that the tests reach, by room and then by file
	$(BIN)/pytest --cov --cov-report= $(ARGS)
	$(BIN)/python tests/packaging/reached.py
	$(BIN)/coverage report --skip-covered

mutate: $(MADE)  ## break a room on purpose and see whether its tests notice: make mutate ROOM=people MINUTES=20 SEED=1
	@test -n "$(ROOM)" || { echo "name a folder or a file under src/treadle: make mutate ROOM=people" >&2; exit 1; }
	$(BIN)/python tests/mutation/mutate.py $(ROOM) --minutes $(or $(MINUTES),20) --seed $(or $(SEED),1) $(if $(TESTS),--tests $(TESTS)) $(ARGS)

bench: $(MADE)  ## ours beside the bare limit and peers, in one run
	$(BIN)/python -m benchmarks $(ARGS)

bench-automl: $(MADE)  ## our trainer beside other learners on the sets in the folder TREADLE_PEERS: make bench-automl ARGS="--sets adult"
	@test -n "$(TREADLE_PEERS)" || { echo "name the folder with data and environments: make bench-automl TREADLE_PEERS=/path (see docs/benchmarks.md)" >&2; exit 1; }
	TREADLE_PEERS="$(TREADLE_PEERS)" $(BIN)/python -m benchmarks.automl $(ARGS)

docs: $(MADE)  ## the pages that are written by code: the JSON Schema, the commands, the picture in the README
	$(BIN)/python docs/make.py

wheel: $(MADE)  ## build the wheel, install it in a fresh environment, and use it from another folder
	$(BIN)/python tests/soak wheel $(ARGS)

oldest: $(MADE)  ## the tests, but for e2e, with the oldest versions that pyproject.toml allows
	$(BIN)/python tests/soak oldest $(ARGS)

soak: $(MADE)  ## what is too long for every day, an exercise a line: make soak ARGS="kills writers --seed 2"
	$(BIN)/python tests/soak $(ARGS)

clean:  ## the environment and what the examples made
	rm -rf .venv examples/*/.treadle

$(MADE): pyproject.toml constraints.txt
	@test -n "$(PYTHON)" || { echo "Treadle needs Python 3.11 or newer; install it, or name it: make $(MAKECMDGOALS) PYTHON=/path/to/python3.11" >&2; exit 1; }
	@echo "setting up .venv with $(PYTHON): some 70 packages, a minute or two"
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $(MADE)
