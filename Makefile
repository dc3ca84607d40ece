# make run    set up, write the synthetic sample, run every pipeline on it
# make test   set up, run the tests
# make test-evidence   set up, run the tests that train the sample a dozen times
# make test-faults     set up, run the tests that break things for real
# make test-browser    set up, run the tests that look at pages in headless Chromium
# make lint   check style
# make bench  set up, measure speed: one table, benchmarks/results/latest.json
# make check  resolve the catalogue of every environment

PYTHON ?= $(shell command -v python3.11 || command -v python3)
# torch goes first and by itself: asked for by another package it may bring a CUDA build.
TORCH ?= torch==2.13.0
ENVIRONMENTS := $(filter-out local,$(notdir $(patsubst %/,%,$(wildcard conf/*/))))

BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet
export DO_NOT_TRACK := true
export HF_HUB_OFFLINE := 1

.PHONY: run test test-evidence test-faults test-browser lint check bench setup setup-dev clean

run: setup
	$(BIN)/kedro run --pipeline sample --only-missing-outputs
	$(BIN)/kedro run

test: setup-dev
	$(BIN)/python -m pytest -m "not evidence and not faults and not browser" --cov --cov-report=term

test-evidence: setup-dev
	$(BIN)/python -m pytest -m evidence

test-faults: setup-dev
	$(BIN)/python -m pytest -m faults

# Their screenshots are kept in $MMCTR_SCREENSHOTS, if it is set.
test-browser: setup-dev
	$(BIN)/python -m pytest -m browser

lint: setup-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

check: setup
	@for env in $(ENVIRONMENTS); do \
		echo "catalogue of $$env"; \
		$(BIN)/kedro catalog resolve-patterns --env $$env > /dev/null || exit 1; \
	done

bench: setup
	$(BIN)/python -m benchmarks

setup:
	$(call install,core,.)

setup-dev:
	$(call install,dev,.[dev])

clean:
	rm -rf .venv data/0*_*/*

# install NAME,WHAT: install unless .venv/NAME.stamp holds the checksum of pyproject.toml.
define install
@wanted="$$(cksum pyproject.toml)"; \
if [ "$$(cat .venv/$(1).stamp 2>/dev/null)" != "$$wanted" ]; then \
	echo "setting up .venv ($(1)); this takes some minutes"; \
	{ $(BIN)/python -m pip --version > /dev/null 2>&1 || $(PYTHON) -m venv .venv; } && \
	$(PIP) "$(TORCH)" && \
	$(PIP) --editable "$(2)" && \
	echo "$$wanted" > .venv/$(1).stamp; \
fi
endef
