# Needs python3 (3.11 or newer), make and a network that reaches the package index.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
QUIET_THREADS := OMP_NUM_THREADS=1 OMP_WAIT_POLICY=PASSIVE
WORKERS ?= 2

.DEFAULT_GOAL := help
.PHONY: help run test test-long check bench bench-full

help:
	@echo "make run        start labeler and trainer; prints the address to open"
	@echo "make test       linters, import contracts and all tests but the long ones"
	@echo "make test-long  the long tests as well"
	@echo "make check      linters and import contracts alone"
	@echo "make bench      the benchmarks at their quick size"
	@echo "make bench-full what docs/benchmarks.md shows, other libraries included; hours"

run: $(VENV)/.installed
	@exec $(BIN)/python run.py

test: check
	@$(QUIET_THREADS) $(BIN)/python -m pytest -n $(WORKERS) $(PYTEST_FLAGS)

test-long: check
	@LABELSTREAM_LONG=1 $(QUIET_THREADS) $(BIN)/python -m pytest -n $(WORKERS) $(PYTEST_FLAGS)

check: $(VENV)/.installed-dev
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/deptry .
	@$(BIN)/bandit --quiet --configfile pyproject.toml --recursive shared labeler trainer run.py

bench: $(VENV)/.installed-dev
	@for command in "api_latency --quick" "loop_latency --quick" "loop_beside --quick" "page_latency --quick" \
	    "dashboard_latency --quick" "map_speed --quick" "overlay_latency --quick" "mask_latency --quick" "indexing"; do \
	    echo; echo "python -m benchmarks.$$command"; $(BIN)/python -m benchmarks.$$command || exit 1; \
	done
	@echo; if [ -n "$$LABELSTREAM_TEST_DATA" ]; then \
	    $(BIN)/python -m labeler.sample --images images && $(BIN)/python -m benchmarks.embed_throughput \
	        --images images --weights "$$LABELSTREAM_TEST_DATA/mobilenet_v2_imagenet1k.safetensors"; \
	else echo "embed_throughput is left out: LABELSTREAM_TEST_DATA does not name the folder with its weights"; fi

bench-full: data/peers/.installed
	@OMP_WAIT_POLICY=PASSIVE data/peers/bin/python -m benchmarks.full --data "$${LABELSTREAM_TEST_DATA:?names no folder of image sets}"

data/peers/.installed: benchmarks/peers/requirements.txt $(VENV)/.installed-dev
	@$(BIN)/python -m venv data/peers
	@$(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))' > \
	    "$$(data/peers/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/project.pth"
	@data/peers/bin/python -m pip install --quiet --disable-pip-version-check -r benchmarks/peers/requirements.txt
	@touch $@

$(VENV)/.installed: requirements.txt | $(BIN)/python
	@echo "installing requirements.txt into $(VENV) (once; PyTorch is large)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@

$(VENV)/.installed-dev: requirements-dev.txt requirements.txt | $(BIN)/python
	@echo "installing requirements-dev.txt into $(VENV) (once; PyTorch is large)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $(VENV)/.installed $@

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	    echo "$(PYTHON) is missing or older than 3.11; install Python 3.11 or newer, or name one: make PYTHON=python3.12 ..."; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' || { \
	    echo "$(PYTHON) cannot make virtual environments; install its venv package (Debian, Ubuntu: python3-venv)"; exit 1; }
	@$(PYTHON) -m venv $(VENV)
