# Each thing one does here, as one command. `make run` and `make check` are all a newcomer needs.
.DEFAULT_GOAL := run
.PHONY: run split ready dev wheel test test-slow check lint web-check fmt generate bench pictures lock advisories docs

# Tests start hundreds of processes; compiling everything anew in each would take most of their time.
unexport PYTHONDONTWRITEBYTECODE

setup := tools/python -m tools.setup
bin := .venv/bin

# Which tests: the fast ones. `make check tests=all` runs the slow ones too.
# `only` names files or folders, if not all.
tests := fast
only :=
marks_fast := not slow
marks_slow := slow
marks_all := slow or not slow
pytest = $(bin)/pytest -n 2 -q -m "$(marks_$(tests))" $(only)

benches := start store limits search presence friends members bus filters api traces gateway event resume storm

run: ready
	@exec $(bin)/derailed up

split:
	@$(setup) split
	@exec $(bin)/derailed up --split

ready:
	@$(setup) run

dev:
	@$(setup) dev

test: dev web-check
	@$(pytest)

test-slow: dev
	@$(MAKE) --no-print-directory tests=slow test

# One file that installs anywhere, with the app in it.
wheel: dev
	@$(bin)/python -m tools.wheel

# Bad days by chance on the split deployment: `make faults SEED=7 RUNS=10 BUS=broker`.
SEED := 1
RUNS := 5
BUS := valkey

faults: dev
	@$(bin)/python -m tests.faults $(SEED) $(RUNS) $(BUS)

check: dev lint web-check
	@$(pytest)

lint: dev
	@$(bin)/ruff format --check --quiet
	@$(bin)/ruff check --quiet
	@$(bin)/mypy
	@$(bin)/python -m tools.generate --check
	@$(bin)/python -m tools.audit

# The documentation as a site of plain files in dist/site.
docs: dev
	@$(bin)/python -m tools.docs

# Known vulnerabilities of what is locked: asks the registries' databases, and says so when it can not.
advisories: dev
	@$(bin)/python -m tools.advisories

web-check: dev
	@$(setup) npm run --silent check
	@$(setup) npm run --silent test

fmt: dev
	@$(bin)/ruff format
	@$(bin)/ruff check --fix

generate: dev
	@$(bin)/python -m tools.generate

bench: dev
	@for name in $(benches); do $(bin)/python -m bench.$$name || exit 1; done

# The pictures of the app that stand in the README.
pictures: dev
	@$(bin)/python -m tests.journeys.pictures

lock:
	@tools/lock.sh
