# make demo    set everything up and open the chat page          make ask Q="revenue last month?"
# make test    set everything up and run every test              make check   format, lint, types, imports, tests
# make bench   measure, and print every figure of the README     make clean   remove what was built here, not your data
PYTHON ?= python3
# What the machine needs: with an NVIDIA driver torch and FAISS for the card, else neither.
EXTRAS ?= $(shell command -v nvidia-smi >/dev/null 2>&1 && echo gpu || echo cpu)
Q      ?= What was the revenue last month?
VENV   := .venv
BIN    := $(VENV)/bin
SHOP   := $(BIN)/shoptalk
INPUTS := $(shell cat pyproject.toml constraints.txt 2>/dev/null | cksum | cut -d' ' -f1)
comma  := ,
BASE   := $(VENV)/.installed-$(subst $(comma),-,$(EXTRAS))-$(INPUTS)
DEV    := $(BASE)-dev
# Two workers, each with files of its own: one would leave half of the smallest machine idle.
PYTEST := $(BIN)/python -m pytest -n 2 --dist loadgroup --no-loadscope-reorder
PIP    := $(BIN)/python -m pip --disable-pip-version-check

.PHONY: demo ask test check bench weights browser servers clean help
.DELETE_ON_ERROR:

help:
	@sed -n '1,3s/^# //p' Makefile

demo: $(BASE)
	@$(SHOP) demo

# The question travels in the environment, so that quotes and dollar signs in it reach nobody's shell.
ask: export QUESTION := $(value Q)
ask: $(BASE)
	@$(SHOP) ask "$$QUESTION"

weights: $(BASE)
	@$(SHOP) weights

test: $(DEV) browser servers weights
	$(PYTEST)

check: $(DEV) browser servers weights
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(PYTEST)

bench: $(DEV) browser servers weights
	$(BIN)/python -m bench

# A stamp named after the inputs: a second call costs nothing, a changed pyproject.toml installs again.
$(BASE): | $(VENV)/.created
	$(PIP) install -c constraints.txt -e ".[$(EXTRAS)]"
	@rm -f $(VENV)/.installed-*; touch $@

$(DEV): $(BASE)
	$(PIP) install -c constraints.txt -e ".[$(EXTRAS),dev]"
	@touch $@

$(VENV)/.created:
	@$(PYTHON) -c 'import sys; ok = (3, 11) <= sys.version_info[:2] <= (3, 13); \
	  sys.exit(0 if ok else "Python 3.11 to 3.13 is needed, $(PYTHON) is %d.%d. Name another: make demo PYTHON=python3.11" % sys.version_info[:2])'
	$(PYTHON) -m venv --clear $(VENV)
	@touch $@

# The page is tested in a real browser. Root on Debian gets it by itself; everybody else is told the one command.
browser:
	@command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null || { \
	  if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium >/dev/null; \
	  else \
	    echo "The page's tests need Chromium. Bring it with: sudo apt-get install chromium" >&2; exit 1; \
	  fi; }

# PostgreSQL and MariaDB are tested for real, each test run with servers of its own in a temporary folder.
servers:
	@{ { command -v postgres || ls /usr/lib/postgresql/*/bin/postgres; } && command -v psql && { command -v mariadbd \
	  || command -v mysqld || ls /usr/sbin/mariadbd; }; } >/dev/null 2>&1 || { \
	  if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends postgresql mariadb-server >/dev/null; \
	  else \
	    echo "The databases' tests need PostgreSQL and MariaDB. Bring them with: sudo apt-get install postgresql mariadb-server" >&2; exit 1; \
	  fi; }

clean:
	rm -rf $(VENV) build .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis *.egg-info
