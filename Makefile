# make demo: set up and run the demo.   make test: set up and run the tests.   make check: what CI runs.
PYTHON ?= python3
# Options for installing PyTorch, for its CPU build for example (see README, "Installing").
TORCH_OPTIONS ?=

VENV := .venv
BASE := .venv-base
PAGE := tests/page
INSTALL := -m pip install --quiet --disable-pip-version-check --constraint constraints.txt
LOCAL := $(VENV)/.local-installed
DEV := $(VENV)/.dev-installed

.PHONY: demo test check lint lint-page test-base clean

demo: $(LOCAL)
	@rm -rf out/demo out/demo-store
	@$(VENV)/bin/bitext run --config configs/demo.toml --out out/demo --store out/demo-store --show 15
	@echo "Or align two documents of your own:"
	@echo "  $(VENV)/bin/bitext align my-book.en.txt my-book.de.txt -o my-book.tmx"

test: $(DEV)
	$(VENV)/bin/python -m pytest --numprocesses 2 --dist loadfile --no-loadscope-reorder

lint: $(DEV) lint-page
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy

# The scripts of the pages: linter, type checker and tests, where Node is.
lint-page:
	@if command -v npm >/dev/null; then \
		[ $(PAGE)/node_modules/.package-lock.json -nt $(PAGE)/package-lock.json ] || npm ci --prefix $(PAGE) --no-audit --no-fund; \
		npm run --prefix $(PAGE) --silent check; \
	else echo "The scripts of the pages are not checked: there is no Node here"; fi

# The base install, which drives Modal from a laptop, must not need what only the workers have.
test-base: $(BASE)/.installed
	$(BASE)/bin/python tests/base_install.py

check: lint test-base test

clean:
	rm -rf $(VENV) $(BASE) $(PAGE)/node_modules out

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Python 3.11 or newer is needed; name one with: make PYTHON=python3.12 demo"; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(LOCAL): $(VENV)/bin/python pyproject.toml constraints.txt
	$(VENV)/bin/python $(INSTALL) --editable '.[local,formats]'
	@touch $@

$(DEV): $(VENV)/bin/python pyproject.toml constraints.txt
	$(VENV)/bin/python $(INSTALL) $(TORCH_OPTIONS) torch
	$(VENV)/bin/python $(INSTALL) --editable '.[dev]'
	@touch $@ $(LOCAL)

$(BASE)/.installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(BASE)
	$(BASE)/bin/python $(INSTALL) --editable .
	@touch $@
