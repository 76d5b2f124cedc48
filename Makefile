# Needs Python 3.11 or newer, make and git; everything else is installed into .venv on the first use.
# Another Python: make demo PYTHON=python3.12. Options for JupyterLab: make lab LAB=--no-browser

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
RUN := $(BIN)/python -m
HAVE_CHROMIUM := { command -v chromium || command -v chromium-browser || command -v google-chrome; } >/dev/null
CORE := not browser and not kernel and not notebooks and not chaos

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:
.PHONY: help demo lab test check cov notebooks digests picture benchmark benchmark-peers clean
.PHONY: test-static test-core test-notebooks test-kernel test-browser chaos chromium

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(VENV)/installed ## run a word count on a simulated cluster, here in the terminal
	@$(BIN)/disco-sim demo

lab: $(VENV)/installed-lab ## open JupyterLab on the notebooks
	@$(BIN)/disco-sim lab $(LAB)

test: test-static test-core test-notebooks test-kernel test-browser ## run everything: linters, tests, notebooks, kernel, browser

check: test-static ## the fast part of test: linters and the tests that need no kernel and no browser
	$(RUN) pytest -q -m "$(CORE) and not slow"

test-static: $(VENV)/installed-test ## linters, types and the direction of imports
	$(RUN) ruff check .
	$(RUN) ruff format --check .
	$(RUN) mypy
	$(BIN)/lint-imports

test-core: $(VENV)/installed-test ## unit, properties, contract and replay tests, doctests, README
	$(RUN) pytest -q -m "$(CORE)"

test-notebooks: $(VENV)/installed-test ## compare every output of every notebook, and rerun them under three hash seeds
	$(RUN) pytest -q --nbval --nbval-current-env notebooks
	$(RUN) pytest -q -m notebooks tests

test-kernel: $(VENV)/installed-test ## debugging, interrupts and input in a live kernel
	$(RUN) pytest -q -m kernel tests

test-browser: $(VENV)/installed-test chromium ## the views in JupyterLab in a real Chromium
	@if $(HAVE_CHROMIUM); then \
		echo '$(RUN) pytest -q -m browser tests'; $(RUN) pytest -q -m browser tests; \
	else \
		echo 'SKIPPED TIER: browser (no chromium found)'; \
	fi

chaos: $(VENV)/installed-test ## strike 6,000 jobs with random faults, for a minute or two; no part of test
	$(RUN) pytest -q -m chaos tests

cov: $(VENV)/installed-test ## branch coverage of what computes, schedules and stores; fails below 95 %
	$(RUN) pytest -q -m "$(CORE)" --cov --cov-branch --cov-fail-under=95

notebooks: $(VENV)/installed-test ## run every notebook again and write it in its normal form
	$(RUN) tools.notebooks

digests: $(VENV)/installed-test ## keep the digests of logs, tables and pages as they are now, and say what changed
	$(RUN) tests.golden --write

picture: $(VENV)/installed-test chromium ## draw the picture in the README again
	$(RUN) tools.picture

benchmark: $(VENV)/installed-test ## measure speed and memory, in a few minutes and without installing anything more
	$(RUN) benchmarks.compare --again --file $(VENV)/measured.json --tables 10 tasks first import --rows disco_sim H
	$(RUN) benchmarks.old_code
	$(RUN) benchmarks.cluster
	$(RUN) benchmarks.views

benchmark-peers: $(VENV)/installed-test ## measure other programs, too, for half an hour, and write docs/performance.md
	$(RUN) benchmarks.compare --write

clean: ## remove what was made here, the environment too
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis .coverage .coverage.* htmlcov dist build
	rm -rf benchmarks/.corpora benchmarks/.environments
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Set-up. Each stamp is newer than pyproject.toml once what it asks for is installed.

$(VENV)/installed: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo '$(PYTHON) is missing or older than Python 3.11; name another one: make $(MAKECMDGOALS) PYTHON=python3.12'; exit 1; }
	@$(RUN) pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear $(VENV) || { \
		rm -rf $(VENV); echo 'Python cannot make environments here; on Debian and Ubuntu: apt-get install python3-venv'; exit 1; }
	$(RUN) pip install --quiet --disable-pip-version-check --editable .
	@touch $@

$(VENV)/installed-%: pyproject.toml | $(VENV)/installed
	$(RUN) pip install --quiet --disable-pip-version-check --editable '.[$*]'
	@touch $@

chromium:
	@if $(HAVE_CHROMIUM); then :; \
	elif [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		echo 'installing Chromium for the browser tests'; \
		{ apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y chromium; } >/dev/null 2>&1 \
			|| echo 'apt-get could not install chromium'; \
	fi
