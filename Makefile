# What can be done here; each target sets up what it needs, in .venv. Needs Python 3.11 or newer and a package index.
.PHONY: help setup demo test check docs torture mutants real bench bench-setup vendor screenshots clean
.NOTPARALLEL:

# Without a PATH, Python does not find itself.
ifeq ($(origin PATH),undefined)
export PATH := /usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
endif

VENV := .venv
BIN := $(VENV)/bin
SUITES := .real/suites/redis/.installed .real/suites/postgres/.installed
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet --no-input --retries 10 --timeout 120

help:
	@echo 'make demo   run prox on prox.example.yaml (Ctrl-C ends it)'
	@echo 'make setup  install everything that the other targets need'
	@echo 'make test   run all tests (ARGS="-k name": some)'
	@echo 'make check  format, lint, types, imports, layout'
	@echo 'make docs   build docs/ as a site in site/; warnings are errors, broken links too'
	@echo 'make torture  repeat the guarantees of docs/guarantees.md for 15 minutes; FULL=1: with the large counts (an hour)'
	@echo 'make mutants  see that tests notice when parts of prox are taken away'
	@echo 'make real   install Vite, other tools and what the examples need, for the tests that run real programs'
	@echo 'make bench  measure prox beside its peers, for docs/performance.md (AXIS=logs: one axis; 25 minutes)'
	@echo 'make bench-setup  install the peers for it'
	@echo 'make vendor  take the JavaScript libraries of the dashboard from npm again, at their pinned versions'
	@echo 'make screenshots  take the screenshots in docs/images again (needs Chromium)'
	@echo 'make clean  remove all that was made here'

DEMO := $(BIN)/prox -c prox.example.yaml

demo: $(VENV)/.for-use
	@printf '%s\n' 'Try these in a second terminal, in $(CURDIR):' \
	  '  $(DEMO) status' \
	  '  $(DEMO) logs api' \
	  '  $(DEMO) restart api' \
	  '  curl -s http://api.localhost:6788/status' \
	  '  $(DEMO) requests' \
	  'Or open http://web.localhost:6788 in a browser. Ctrl-C here stops everything.' ''
	@$(DEMO) up

setup: $(VENV)/.for-work $(VENV)/.for-docs real

test: $(VENV)/.for-work real
	$(BIN)/python -m pytest --numprocesses 4 --dist worksteal $(ARGS)

check: $(VENV)/.for-work
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest --quiet tests/test_layout.py

docs: $(VENV)/.for-docs
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet
	@echo 'open site/index.html'

torture: $(VENV)/.for-work
	@rm -f .figures.jsonl
	PROX_TORTURE=$(if $(FULL),full,bounded) PROX_FIGURES=$(CURDIR)/.figures.jsonl $(BIN)/python -m pytest tests/guarantees tests/core/test_plain_heads.py $(ARGS)
	$(BIN)/python tests/guarantees/report.py .figures.jsonl

mutants: $(VENV)/.for-work
	$(BIN)/python tests/guarantees/mutants.py

bench: $(VENV)/.for-work bench-setup
	$(BIN)/python -m bench $(AXIS)

# wrk, hyperfine, h2load, nginx, haproxy and caddy come from the system (apt-get install). What is missing is left out.
bench-setup: .real/bench/venv/.installed .real/bench/node/.installed

.real/bench/venv/.installed: bench/requirements.txt | $(VENV)/.created
	@$(BIN)/python -m venv $(@D)
	@$(@D)/bin/python -m pip --disable-pip-version-check install --quiet --no-input --retries 10 --timeout 120 -r $<
	@touch $@

.real/bench/node/.installed: bench/package.json bench/package-lock.json
	@mkdir -p $(@D)
	@cp $^ $(@D)
	cd $(@D) && npm ci --no-audit --no-fund --fetch-retries=5
	@touch $@

# prox/web/vendor is part of the repository; only a change of the versions in the script needs this.
vendor: $(VENV)/.created
	$(BIN)/python scripts/vendor.py

# redis-server, PostgreSQL and faketime come from the system (apt-get install), httpbin with the other Python packages.
# Without npm, or where an installation fails, the tests say at their end what they left out.
real:
	@if command -v npm >/dev/null; then \
	  $(MAKE) --no-print-directory --keep-going .real/vite/.installed .real/tools/.installed .real/fullstack/.installed || true; \
	fi
	@$(MAKE) --no-print-directory --keep-going $(SUITES) || true

screenshots: $(VENV)/.for-work .real/vite/.installed
	$(BIN)/python scripts/screenshots.py

clean:
	rm -rf $(VENV) .real .prox .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .figures.jsonl dist build site
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Each is made when its work is done, so that what was interrupted is done again.
$(VENV)/.created:
	@for python in python3 python3.13 python3.12 python3.11 python3.14; do \
	  $$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || continue; \
	  $$python -c 'import venv, ensurepip' 2>/dev/null || { without_venv=$$python; continue; }; \
	  echo "setting up $(VENV) with $$($$python --version); the first time this takes a minute or two"; \
	  $$python -m venv --clear $(VENV) && touch $@; exit; \
	done; \
	if [ -n "$$without_venv" ]; then \
	  echo "$$without_venv cannot make virtual environments; install its venv module (Debian: python3-venv)" >&2; \
	else \
	  echo "no Python 3.11 or newer found (looked for python3, python3.11 to python3.14); install one" >&2; \
	fi; \
	exit 1

$(VENV)/.for-use: pyproject.toml | $(VENV)/.created
	@$(PIP) --editable .
	@touch $@

$(VENV)/.for-work: pyproject.toml | $(VENV)/.created
	@$(PIP) --editable '.[dev,real]'
	@touch $@ $(VENV)/.for-use

$(VENV)/.for-docs: pyproject.toml | $(VENV)/.created
	@$(PIP) --editable '.[docs]'
	@touch $@

.real/vite/.installed .real/tools/.installed: .real/%/.installed: tests/e2e/real/%/package.json tests/e2e/real/%/package-lock.json
	@mkdir -p $(@D)
	@cp $^ $(@D)
	cd $(@D) && npm ci --engine-strict --no-audit --no-fund --fetch-retries=5
	@touch $@

FULLSTACK := $(addprefix examples/fullstack/,Makefile requirements.txt package.json package-lock.json)

# The example's own Makefile sets it up, in a copy: the example in the work tree is left to whoever tries it.
.real/fullstack/.installed: $(FULLSTACK) | $(VENV)/.created
	@mkdir -p $(@D)
	@cp $(FULLSTACK) $(@D)
	@$(MAKE) --no-print-directory -C $(@D) PYTHON=$(CURDIR)/$(BIN)/python
	@touch $@

# Of each suite, what its Makefile downloads and installs.
.real/suites/%/.installed: examples/suite-%/Makefile examples/suite-%/requirements.txt | $(VENV)/.created
	@mkdir -p $(@D)
	@cp $^ $(@D)
	@$(MAKE) --no-print-directory -C $(@D) setup PYTHON=$(CURDIR)/$(BIN)/python PROX=$(CURDIR)
	@touch $@
