# make run    set up, write the synthetic sample, run every pipeline on it
# make resume set up, continue a run that was cut short; ARGS="--env .. --params .." as it had
# make test   set up, run the quick tests: units, parity, each pipeline once;
#             with T=tests/evaluation those alone (the other targets of tests too)
# make test-system     set up, run the long ones (full sizes, kills, learning, real services)
# make test-evidence   set up, run the tests that train the sample a dozen times
# make test-faults     set up, run the tests that break things for real
# make test-browser    set up, run the tests that look at pages in headless Chromium
# make test-notebooks  set up, execute the notebooks on a tiny sample
# make coverage        set up, run the quick and the long tests, with coverage
# make notebook        set up, open them: kedro jupyter lab
# make strip-notebooks take out what a run left in them, before a commit
# make docs   set up, build the documentation into site/, links checked
# make docs-serve      set up, serve it on 127.0.0.1, anew after each edit; PORT=8100
# make viz    set up, open the graph of the pipelines and its previews (kedro viz)
# make viz-build   the same as a page in build/, to be put on any web server
# make mlflow set up, open the tracked runs (extra `tracking`) on 127.0.0.1:5000
# make lint   check style, and that imports go downwards only
# make bench  set up, measure speed: one table, benchmarks/results/latest.json
# make check  resolve the catalog of every environment
# make setup-ci   set up for all of these at once

PYTHON ?= $(shell command -v python3.11 || command -v python3)
# torch goes first and by itself: asked for by another package it may bring a CUDA build.
TORCH ?= torch==2.13.0
ENVIRONMENTS := $(filter-out local,$(notdir $(patsubst %/,%,$(wildcard conf/*/))))

BIN := .venv/bin
# Compiling all modules of all packages takes a minute; the imported ones compile anyway.
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet --no-compile
# A file of tests after the other, on each of at most four cores.
PYTEST := $(BIN)/python -m pytest -n logical --maxprocesses 4 --dist loadfile \
	--no-loadscope-reorder
# Files or folders of tests, in place of all of them.
T :=
# What has a target of its own.
APART := evidence or faults or notebooks or browser
comma := ,
# Where the documentation is served.
PORT := 8100
export DO_NOT_TRACK := true
export HF_HUB_OFFLINE := 1
# The theme prints an announcement at every build.
export NO_MKDOCS_2_WARNING := 1

.PHONY: run resume test test-system test-evidence test-faults test-browser \
	test-notebooks coverage notebook strip-notebooks docs docs-serve viz viz-build mlflow lint check bench setup setup-dev \
	setup-notebooks setup-docs setup-viz setup-ci clean

run: setup
	$(BIN)/kedro run --pipeline sample --only-missing-outputs
	$(BIN)/kedro run

# Without ARGS it continues `make run`, the sample included.
resume: setup
ifeq ($(strip $(ARGS)),)
	$(BIN)/kedro run --pipeline sample --only-missing-outputs
endif
	$(BIN)/kedro run --only-missing-outputs $(ARGS)

test: setup-dev
	$(PYTEST) -m "not (system or $(APART))" $(T)

test-system: setup-dev
	$(PYTEST) -m "system and not ($(APART))" $(T)

coverage: setup-dev
	$(PYTEST) -m "not ($(APART))" --cov --cov-report=term

test-evidence: setup-dev
	$(BIN)/python -m pytest -m evidence $(or $(T),tests/end_to_end)

test-faults: setup-dev
	$(PYTEST) -m faults $(or $(T),tests/faults)

# Their screenshots are kept in $MMCTR_SCREENSHOTS, if it is set.
test-browser:
	$(call install,browser,.[dev$(comma)viz$(comma)docs])
	$(BIN)/python -m pytest -m browser $(or $(T),tests/browser)

test-notebooks: setup-dev setup-notebooks
	$(BIN)/python -m pytest -m notebooks $(or $(T),tests/notebooks)

notebook: setup-notebooks
	$(BIN)/kedro jupyter lab

strip-notebooks: setup-notebooks
	$(BIN)/jupyter nbconvert --log-level WARN --inplace --clear-output \
		--ClearMetadataPreprocessor.enabled=True \
		--ClearMetadataPreprocessor.preserve_nb_metadata_mask=kernelspec \
		notebooks/*.ipynb

docs: setup-docs
	$(BIN)/mkdocs build --strict

docs-serve: setup-docs
	$(BIN)/mkdocs serve --dev-addr 127.0.0.1:$(PORT)

# kedro-viz and FastAPI talking to each other.
viz viz-build: export PYTHONWARNINGS := ignore:ORJSONResponse is deprecated
viz: setup-viz
	$(BIN)/kedro viz run --host 127.0.0.1

viz-build: setup-viz
	rm -rf build
	$(BIN)/kedro viz build --include-previews
	$(BIN)/python docs/hooks/viz_page.py build

mlflow:
	$(call install,tracking,.[tracking])
	$(BIN)/mlflow ui --backend-store-uri sqlite:///mlflow.db --host 127.0.0.1 --port 5000

lint: setup-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports

check: setup
	@for env in $(ENVIRONMENTS); do \
		echo "catalog of $$env"; \
		$(BIN)/kedro catalog resolve-patterns --env $$env > /dev/null || exit 1; \
	done

bench: setup
	$(BIN)/python -m benchmarks

setup:
	$(call install,core,.)

setup-dev:
	$(call install,dev,.[dev])

setup-notebooks:
	$(call install,notebooks,.[notebooks])

setup-docs:
	$(call install,docs,.[docs])

setup-viz:
	$(call install,viz,.[viz])

setup-ci:
	$(call install,ci dev browser notebooks docs viz,\
		.[dev$(comma)notebooks$(comma)docs$(comma)viz])

clean:
	rm -rf .venv site data/0*_*/*

# install NAMES,WHAT: install unless the stamp of the first name, .venv/NAME.stamp, holds
# the checksum of pyproject.toml. What any of them installs is the core too.
define install
@expected="$$(cksum pyproject.toml)"; \
if ! grep -qsxF "$$expected" .venv/$(if $(filter core,$(1)),*,$(firstword $(1))).stamp; then \
	echo "setting up .venv ($(firstword $(1))), once: 2 to 6 minutes and up to 5 GB"; \
	echo "  1 of 3: the environment" && \
	{ $(BIN)/python -m pip --version > /dev/null 2>&1 || $(PYTHON) -m venv .venv; } && \
	echo "  2 of 3: $(TORCH), about a minute" && \
	$(PIP) "$(TORCH)" && \
	echo "  3 of 3: $(strip $(2)) with the packages it needs, the longest part" && \
	$(PIP) --editable "$(strip $(2))" && \
	echo "$$expected" | tee $(1:%=.venv/%.stamp) > /dev/null; \
fi
endef
