# The front door. Each target does its own set-up; RELEASE=2026.1 picks another release than the default.

PYTHON ?= $(or $(shell python3 graft/interpreter.py 2>&-),python3)
PYTHON := $(PYTHON)
RELEASE ?=
GRAFT = .fork/venv/bin/python -m graft
# A stamp of its own for each Python: with another one than last time the environment is made again.
READY := .fork/venv/ready-$(shell $(PYTHON) -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>&1 | tr -cd 0-9.)
OPTIONS = $(if $(RELEASE),--release $(RELEASE))
WHEEL_OF_CLOUD = $(MAKE) --no-print-directory wheel RELEASE=$$($(PYTHON) cloud/xcloud release $(OPTIONS))

.PHONY: help setup tree wheel image test test-all test-upstream report check style venv docs guest ansible upgrade-pages cloud demo e2e e2e-upgrade bench bench-quick clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo '  RELEASE is one of:' $(notdir $(patsubst %/release.toml,%,$(wildcard releases/*/release.toml)))

tree: $(READY) ## the woven source, a git work tree: .fork/RELEASE/nova (FORCE=1 discards changes in it)
	@$(GRAFT) tree $(OPTIONS) $(if $(FORCE),--force)

wheel: $(READY) ## the forked nova as a wheel, in dist/
	@$(GRAFT) wheel $(OPTIONS)

image: $(READY) ## the fork in an operator's image of Nova: BASE=registry/nova-api:2024.1 (TAG=..., ENGINE=docker)
	@$(GRAFT) image $(OPTIONS) $(if $(TAG),--tag $(TAG)) $(if $(ENGINE),--engine '$(ENGINE)') $(BASE)

test: $(READY) ## set up all it needs and run every test
	@$(GRAFT) test $(OPTIONS)

test-all: $(READY) ## every test on every release, and Nova's own on the pristine and the woven source: hours
	@$(GRAFT) test --all $(OPTIONS)

test-upstream: $(READY) ## Nova's own tests, pristine and woven: all of unit, or KIND=functional TESTS=touched
	@$(GRAFT) upstream $(or $(KIND),unit) $(TESTS) $(OPTIONS)

report: $(READY) ## every file and function the branch touches (AGAINST=2026.1: what Nova changed of them there)
	@$(GRAFT) report $(OPTIONS) $(if $(AGAINST),--against $(AGAINST))

check: $(READY) ## what the branch copies of Nova, and what its weaves break
	@$(GRAFT) check $(OPTIONS)

style: $(READY) ## ruff on our own packages, Nova's own style checks on what is woven, in every release
	@$(GRAFT) style $(OPTIONS)

venv: $(READY) ## an environment with the woven tree in it; prints its Python
	@$(GRAFT) venv $(OPTIONS)

docs: $(READY) ## Nova's documentation, with the branch's pages in it
	@$(GRAFT) docs $(OPTIONS)

guest: ## xloud-guest, for the guests: .deb, .rpm, tarball and script, in dist/
	@$(PYTHON) -m guest.build

ansible: $(READY) ## the Ansible collection xloud.elastic, in dist/
	@.fork/venv/bin/python -m ansible.build

upgrade-pages: wheel ## what an upgrade changes, file by file: upgrade/pages
	@.fork/venv/bin/python -m upgrade.fork.pages $(OPTIONS)

cloud: ## a real OpenStack on this machine: root, Debian 12 or 13 (PRISTINE=1: stock Nova; UP='--computes 2')
	@$(PYTHON) cloud/xcloud check $(OPTIONS) $(UP)
	@$(if $(PRISTINE),,$(WHEEL_OF_CLOUD))
	@$(PYTHON) cloud/xcloud up $(OPTIONS) $(if $(PRISTINE),--pristine,--no-pristine) $(UP)

demo: ## an elastic server of that cloud, as the API, placement and its own console see it
	@cloud/xcloud demo

e2e: ## the end-to-end tests against that cloud (SHORT=1: the quick selection)
	@cloud/xcloud e2e $(if $(SHORT),--short)

e2e-upgrade: ## roll the fork over a cloud of stock Nova and take it off again; that cloud stays
	@$(PYTHON) cloud/xcloud check $(OPTIONS) --separate --db mariadb --computes 3 $(UP)
	@$(WHEEL_OF_CLOUD)
	@$(PYTHON) cloud/xcloud up $(OPTIONS) --pristine --separate --db mariadb --computes 3 $(UP)
	@cloud/xcloud e2e -- upgrade/e2e -s

bench: ## measure it all on that cloud, with MariaDB: results, plots and bench/README.md (under two hours)
	@$(PYTHON) cloud/xcloud check $(OPTIONS) --db mariadb
	@$(WHEEL_OF_CLOUD)
	@$(PYTHON) -m bench all

bench-quick: ## the same with less of everything, in under ten minutes
	@$(PYTHON) cloud/xcloud check $(OPTIONS) --db mariadb
	@$(WHEEL_OF_CLOUD)
	@$(PYTHON) -m bench all --quick

clean: ## delete everything that was built
	rm -rf .fork dist build client/build upgrade/pages

setup: $(READY)

$(READY): graft/requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	    { echo 'graft needs Python 3.11 or newer; name one: make PYTHON=python3.12' >&2; exit 1; }
	@echo '  set up .fork/venv with $(PYTHON) ...' >&2
	@rm -rf .fork/venv && mkdir -p .fork
	@$(PYTHON) -m venv .fork/venv || \
	    { echo 'cannot make a virtual environment; on Debian: apt-get install python3-venv' >&2; exit 1; }
	@.fork/venv/bin/python -m pip install --quiet --disable-pip-version-check -r graft/requirements.txt
	@touch $@
