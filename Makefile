# The only door. `make` alone lists what it opens.
PYTHON ?= python3
VENV := .venv
PY := $(VENV)/bin/python
PIP := $(PYTHON) -m pip --python $(PY) --quiet --quiet --disable-pip-version-check --no-input
PROCESSES := 3
TEMPLATES := templates tasks_app notifications
# Settings as a production server has them, so that the checks see what they would see there.
PRODUCTION := ENVIRONMENT=production DEBUG=0 BASE_URL=https://carillon.example.com ALLOWED_HOSTS=carillon.example.com \
	SECRET_KEY=a-key-for-the-checks-0123456789-ABCDEFGHIJKLMNOPQRSTUVWXYZ \
	FIELD_KEYS=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=

.DEFAULT_GOAL := help
.PHONY: help run demo test check test-all faults bench-setup bench screenshots docs lock python-version

help: ## List what can be made
	@sed -n 's/^\([a-z-]*\):.*## /\1|/p' $(MAKEFILE_LIST) | while IFS='|' read -r name text; do printf '  make %-12s %s\n' "$$name" "$$text"; done

run: $(VENV)/run.stamp ## Start everything; PORT=9000 chooses the port, Ctrl-C ends it
	@exec $(PY) -m scheduler_project.launch

demo: $(VENV)/run.stamp ## Fill the platform with example tasks and a week of history; TASKS=10000 RUNS=2000000 for size
	$(PY) manage.py demo $(if $(TASKS),--tasks $(TASKS)) $(if $(RUNS),--runs $(RUNS))

test: $(VENV)/dev.stamp ## Test with what pip installs: SQLite and the embedded Redis
	$(PY) -m pytest -n $(PROCESSES) --dist worksteal -m "live or not slow"

check: $(VENV)/dev.stamp ## Lint, format, types, layers, templates, migrations, deployment settings, documentation
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy .
	$(VENV)/bin/lint-imports
	$(VENV)/bin/djlint --quiet --check $(TEMPLATES)
	$(VENV)/bin/djlint --quiet --lint $(TEMPLATES)
	$(PY) manage.py makemigrations --check --dry-run
	$(PRODUCTION) $(PY) manage.py check --deploy --fail-level WARNING
	$(PY) -m scheduler_project.settings_docs --check
	$(PY) -m scheduler_project.type_docs --check
	$(VENV)/bin/mkdocs build --quiet --strict

test-all: test ## Test on PostgreSQL and a real Redis too, and in Chromium, where they are installed
	$(PY) -m pytest -n $(PROCESSES) -m slow tests/core
	$(PY) -m pytest -n 2 --dist loadgroup tests/browser
	$(PY) -m tests.postgres $(PY) -m pytest -n $(PROCESSES) --dist worksteal --ignore=tests/core --ignore=tests/browser -m "not faults"
	$(PY) -m pytest tests/faults/trials -m ci

faults: $(VENV)/dev.stamp ## All fault tests; FAULT_SECONDS=60 shortens the random ones, SEED=7 replays one
	$(PY) -m pytest tests/faults

bench-setup: $(VENV)/dev.stamp ## Make an environment for each peer that the benchmarks compare with
	$(PY) -m benchmarks.setup

bench: $(VENV)/dev.stamp ## Measure; QUICK=1 takes less of everything, NAMES="export" only that
	$(PY) -m benchmarks $(NAMES)

screenshots: $(VENV)/dev.stamp ## Take every page, wide and narrow, light and dark, into docs/screenshots; needs Chromium
	SCREENSHOTS=docs/screenshots $(PY) -m pytest tests/browser/test_every_page.py

docs: $(VENV)/dev.stamp ## Write the pages that are made from code, and build the documentation
	$(PY) -m scheduler_project.settings_docs
	$(PY) -m scheduler_project.type_docs
	$(VENV)/bin/mkdocs build --quiet --strict

lock: $(VENV)/dev.stamp ## Resolve requirements*.in anew into the locks with their hashes
	$(VENV)/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes requirements.in -o requirements.txt
	$(VENV)/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes requirements-dev.in -o requirements-dev.txt

python-version:
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null || { \
		found=$$($(PYTHON) -c 'import platform; print(platform.python_version())' 2>/dev/null || echo missing); \
		echo "Carillon needs Python 3.11, 3.12 or 3.13, and $(PYTHON) is $$found; name another: make PYTHON=python3.12" >&2; \
		exit 2; }

# Without pip inside, so that it works where the system's Python cannot put one there (Debian without python3-venv).
$(PY): | python-version
	@$(PYTHON) -m venv --clear --without-pip $(VENV)

$(VENV)/run.stamp: requirements.txt | $(PY)
	@echo "Installing packages; the first time takes a minute or two."
	@$(PIP) install --require-hashes -r requirements.txt
	@touch $@

$(VENV)/dev.stamp: requirements-dev.txt $(VENV)/run.stamp
	@echo "Installing development packages."
	@$(PIP) install --require-hashes -r requirements-dev.txt
	@touch $@
