# Everything uses .venv in this checkout; `make setup` makes it.

VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
# First of these that is recent enough; `make PYTHON=/path/to/python3 setup` names another.
PYTHONS := $(or $(PYTHON),python3 python3.11 python3.12 python3.13 python3.14 python)

export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PIP_NO_INPUT := 1

# A checkout that was copied or moved brings a .venv that still points at the old place.
ifneq ($(shell cat $(STAMP) 2>/dev/null),$(CURDIR))
.PHONY: $(STAMP)
endif

.PHONY: help setup run test check bench constraints

help: ## what this help says
	@sed -n 's/^\([a-z]*\):[^#]*## /  make \1 — /p' $(firstword $(MAKEFILE_LIST))

setup: $(STAMP) ## make .venv with everything that running and testing need

run: setup ## serve on http://127.0.0.1:8080: the demo, or what NEARHIT_PIXABAY_API_KEY or NEARHIT_FOLDER give
	@exec $(BIN)/nearhit serve

test: setup ## all tests, with the browser and kubectl they drive
	@tests/system-packages
	$(BIN)/python -m pytest

check: setup ## lint, formatting, types, import rules
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: setup ## measure everything and write benchmarks/RESULTS.md
	$(BIN)/python -m benchmarks all

constraints: setup ## pin what .venv holds now
	@{ sed -n '/^#/p; /^faiss-gpu==/p' constraints.txt; \
	   $(BIN)/pip freeze --all --exclude pip --exclude-editable | sed 's/^\(torch==[^+]*\)+.*/\1/'; } > constraints.new
	@mv constraints.new constraints.txt

$(STAMP): pyproject.toml constraints.txt
	@set -e; \
	if ! $(BIN)/pip --version 2>/dev/null | grep -qF '$(CURDIR)/$(VENV)/'; then \
	  python=; \
	  for candidate in $(PYTHONS); do \
	    if "$$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
	      python=$$candidate; break; \
	    fi; \
	  done; \
	  if [ -z "$$python" ]; then \
	    echo 'nearhit needs Python 3.11 or newer, and none of these is: $(PYTHONS).' \
	      'Install one, or name it: make PYTHON=/path/to/python3 setup' >&2; \
	    exit 1; \
	  fi; \
	  if ! "$$python" -c 'import ensurepip, venv' 2>/dev/null; then \
	    echo "$$python cannot make virtual environments: its venv module is missing." \
	      'On Debian and Ubuntu: apt-get install python3-venv' >&2; \
	    exit 1; \
	  fi; \
	  "$$python" -m venv --clear $(VENV); \
	fi; \
	echo 'Installing into $(VENV): some minutes the first time.'; \
	$(BIN)/python -m pip install --quiet --constraint constraints.txt hatchling editables; \
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --no-build-isolation \
	  --editable '.[offline,dev]'; \
	printf '%s\n' '$(CURDIR)' > $@
