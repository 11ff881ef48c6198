# The words a contributor types. Each does its own set-up; python3 (3.11+), make and git are all it needs.
.DEFAULT_GOAL := help
.PHONY: help reproduce test quick check lint docs lock benchmarks parity peers validation browser clean

PYTHON ?= python3
BIN := .venv/bin
export PYTHONDONTWRITEBYTECODE := 1
# Debian's names of the packages that the R scripts load.
R_PACKAGES = $(shell grep -oh 'library([A-Za-z0-9]*)' $$(find tests benchmarks -name '*.R') | sed 's/library(\(.*\))/r-cran-\L\1/' | sort -u)

help:
	@echo "make reproduce   every study, from images to tables, figures and verdicts in results/"
	@echo "make test        all tests;  make quick: those that take seconds"
	@echo "make check       formatting, lint and tests, as CI runs them"
	@echo "make benchmarks  times and memory at clinical size"
	@echo "make parity      rerun the R peers and compare (Debian's R packages)"
	@echo "make browser     open the pages in headless Chromium: accessibility, console, widths (Debian's chromium and npm)"
	@echo "make validation  coverage of intervals and size of tests by simulation (minutes)"
	@echo "make docs        rewrite config/README.md and environment.yml;  make lock: resolve the locks anew"

reproduce: .venv/runtime
	@$(BIN)/snakemake

test: .venv/development
	$(BIN)/pytest -n 2 --dist worksteal

quick: .venv/development
	$(BIN)/pytest -n 2 -m "not slow"

check: lint test

lint: .venv/development
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/snakefmt --check Snakefile workflow/rules
	@$(BIN)/python tests/workflow/lint.py

docs: .venv/runtime
	PYTHONPATH=workflow $(BIN)/python -m recohort.maintain

benchmarks: .venv/development peers
	PYTHONPATH=workflow $(BIN)/python benchmarks/qsm_clinical.py
	PYTHONPATH=workflow $(BIN)/python benchmarks/statistics.py
	for name in registration voxelwise dce; do PYTHONPATH=workflow OMP_NUM_THREADS=1 $(BIN)/python benchmarks/$$name.py || exit 1; done

browser: .venv/development
	@missing=$$(for name in chromium npm; do command -v $$name >/dev/null || echo $$name; done); \
	    [ -z "$$missing" ] || { apt-get update -qq && apt-get install -y -qq --no-install-recommends $$missing; }
	@npm ci --silent --prefix tests/report/axe
	RECOHORT_BROWSER=required $(BIN)/pytest tests/report/test_page_browser.py tests/report/test_volume_viewer_browser.py tests/workflow/test_pages.py

validation: .venv/development
	PYTHONPATH=workflow $(BIN)/python docs/validation/simulate.py $$(nproc)
	PYTHONPATH=workflow $(BIN)/python docs/validation/audit.py $$(nproc)
	$(BIN)/snakemake stroke_wml results/stroke_wml/synthetic/truth.tsv
	PYTHONPATH=workflow OMP_NUM_THREADS=1 $(BIN)/python docs/validation/stroke_wml.py results/stroke_wml $$(nproc)
	$(BIN)/snakemake ms_qsm results/ms_qsm/synthetic/truth.tsv
	PYTHONPATH=workflow OMP_NUM_THREADS=1 $(BIN)/python docs/validation/ms_qsm.py results/ms_qsm

peers:
	@dpkg -s r-base-core $(R_PACKAGES) >/dev/null 2>&1 \
	    || { apt-get update -qq && apt-get install -y -qq --no-install-recommends r-base-core $(R_PACKAGES); }

parity: .venv/development peers
	$(BIN)/pytest -n 2 -m "parity" -ra

lock:
	$(PYTHON) -m venv .venv/locking && .venv/locking/bin/pip -q install uv
	.venv/locking/bin/uv pip compile -q --universal --generate-hashes --python-version 3.11 --no-header --no-annotate \
	    pyproject.toml --group dev -o requirements-dev.lock
	.venv/locking/bin/uv pip compile -q --universal --generate-hashes --python-version 3.11 --no-header --no-annotate \
	    pyproject.toml -c requirements-dev.lock -o requirements.lock

clean:
	rm -rf results/* .snakemake

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	    || { echo "recohort needs python3 3.11 or later; $(PYTHON) is $$($(PYTHON) --version)"; exit 1; }
	@$(PYTHON) -m venv .venv || { echo "python3 came without venv: install it (Debian: python3-venv), then try again"; exit 1; }

.venv/runtime: requirements.lock | .venv/bin/python
	@echo "installing the pinned environment into .venv (about a minute)"
	@$(BIN)/pip install -q --disable-pip-version-check --require-hashes -r requirements.lock
	@touch $@

.venv/development: requirements-dev.lock | .venv/runtime
	@$(BIN)/pip install -q --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $@
