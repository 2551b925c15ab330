# cellion: `make demo` and `make test` are all a newcomer needs; `make help` lists the rest.

SCENARIO = scenarios/se_fraction.yaml
RESULTS = results/demo
RANKS = 2
PYTEST_ARGS =
WORKERS = auto
SEED = 1
COUNT = 1000

BIN = .venv/bin

# One thread per process: the ranks of MPI are the parallelism. UCX may trip over the network
# devices of a laptop or container; these transports are right on any single machine.
OMP_NUM_THREADS ?= 1
UCX_TLS ?= self,sm,tcp
export OMP_NUM_THREADS UCX_TLS

.DEFAULT_GOAL = help
.PHONY: help environment demo test lint types imports pytest slow fuzz format docs lock clean

help: ## this list
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' Makefile

environment: ## make or update .venv/
	@sh tools/bootstrap.sh

demo: environment ## set up, then run the main job into results/demo/
	$(BIN)/mpirun -n $(RANKS) $(BIN)/cellion study $(SCENARIO) -o $(RESULTS) --resume

test: environment lint types imports pytest ## set up, then everything that must pass, cheapest first

lint: environment
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: environment
	$(BIN)/mypy

imports: environment
	$(BIN)/lint-imports

pytest: environment
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile $(PYTEST_ARGS)

slow: environment ## the long verifications that `make test` leaves out
	$(BIN)/python -m pytest -m slow $(PYTEST_ARGS)

fuzz: environment ## mutate COUNT scenarios, and files and result folders, drawn with SEED
	PYTHONPATH=tests $(BIN)/python -m fuzzing --seed $(SEED) --count $(COUNT)

format: environment ## let ruff put the code in order
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: ## build the documentation into docs/_build/html/
	@sh tools/bootstrap.sh docs
	$(BIN)/python -m sphinx -W --keep-going -b html docs docs/_build/html

lock: ## renew the lock files from pyproject.toml (needs uv)
	sh tools/lock.sh

clean: ## remove the environment and the caches (results stay)
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache docs/_build
