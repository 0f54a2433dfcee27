# What a developer can do here. `make` lists it; CI calls the same targets.
SHELL := /bin/bash
VENV := .venv
PYTEST := $(VENV)/bin/pytest
# Of the shop's files that bench-shop generates.
SCALE ?= 20 100
# A long suite starts no further part after this many minutes, and skips parts that passed with the present sources unless
# AGAIN is set.
MINUTES ?= 100
AGAIN_OPTION := $(if $(AGAIN),--again)
LONG := --minutes $(MINUTES) $(AGAIN_OPTION)
# Not by a make of its own, which `make -n` would run.
FAULTS_TABLE := PYTHONPATH=src:tests $(VENV)/bin/python -m support.faults.report docs/reliability.json docs/reliability.md

.DEFAULT_GOAL := help
.PHONY: help env test lint types unit contract sql stack faults faults-short faults-unchanged nightly evidence bench bench-fast
.PHONY: bench-shop lint-compose performance monitoring programs patches ablation dashboards images test-compose format lock
.PHONY: up down

help: ## List the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 16

env: ## Make .venv with the tests' packages from the lock
	@AIRFLEET_REQUIREMENTS=dev ./airfleet --help >/dev/null

test: env lint types unit contract sql stack ## All tests except faults, monitoring, speed and Docker

lint: env ## Style, common mistakes, weak spots and secrets
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	@# bandit also warns of every part of a marked statement in which it finds nothing.
	$(VENV)/bin/bandit --quiet --configfile pyproject.toml --recursive src airflow monitoring \
	  2> >(grep -v 'nosec encountered' >&2)
	PYTHONPATH=tests $(VENV)/bin/python -m support.secret_scan

lint-compose: ## What builds and describes the Docker deployment: its style, its risks, and its wheels for aarch64
	tests/compose/lint.sh

types: env ## Types, strictly
	$(VENV)/bin/mypy

unit: env ## Single modules, without servers
	$(PYTEST) tests/unit

contract: env ## Files, lists and settings that must agree with each other
	$(PYTEST) tests/contract

sql: env ## The shop's SQL on a real Postgres
	$(PYTEST) tests/sql

stack: env ## A running stack, from a fresh checkout
	$(PYTEST) tests/stack -m "not nightly"

faults: env ## Every fault of docs/reliability.md that has no fresh result, for MINUTES (100; hours in all; root)
	$(PYTEST) tests/faults --suite faults $(LONG); status=$$?; $(FAULTS_TABLE); exit $$status

faults-short: env ## The faults that CI runs; minutes
	$(PYTEST) tests/faults -m "not nightly"

faults-unchanged: env ## The same few faults on an unchanged Airflow (AIRFLEET_PATCHES=off)
	$(PYTEST) tests/faults -m "not nightly" --patches off

nightly: programs ## Every test that CI leaves out and that has no fresh result, for MINUTES (100; hours in all; Debian, root)
	@end=$$(($$(date +%s) + 60 * $(MINUTES))); status=0; \
	part() { \
	  local left=$$(((end - $$(date +%s)) / 60)); \
	  [ $$left -le 0 ] || "$$@" --minutes $$left $(AGAIN_OPTION) || status=1; \
	}; \
	part $(PYTEST) tests/stack tests/monitoring --suite nightly; \
	PYTEST=$(CURDIR)/$(PYTEST) part tests/compose/ci.sh --suite nightly-docker; \
	part $(PYTEST) tests/faults --suite faults; \
	part $(PYTEST) tests/faults -m "not nightly" --patches off; \
	$(FAULTS_TABLE); exit $$status

evidence: env ## Each long suite: when it was run, and what changed since (JSON=1; STRICT=1 fails unless all is fresh)
	@PYTHONPATH=src $(VENV)/bin/python -P -m bench.suites $(if $(JSON),--json) $(if $(STRICT),--strict)

programs: env ## Build Prometheus and its companions into the user's cache, once; minutes
	PYTHONPATH=src $(VENV)/bin/python -P -m airfleet.observe.servers.build

monitoring: programs ## Metrics, alerts and dashboards, on live servers and a running stack
	$(PYTEST) tests/monitoring -m "not nightly"

patches: env ## Generate docs/patches.md from src/airfleet/runtime/patches
	mkdir -p build
	PYTHONPATH=src $(VENV)/bin/python -P -m airfleet.runtime.patches.listing >build/patches.md
	mv build/patches.md docs/patches.md

dashboards: env ## Generate monitoring/grafana/dashboards from monitoring/dashboards
	PYTHONPATH=src:monitoring $(VENV)/bin/python -P -m dashboards

images: programs ## Prepare test-compose: a Docker engine, a browser, the images; minutes (Debian, root)
	PYTEST=$(CURDIR)/$(PYTEST) tests/compose/ci.sh prepare

test-compose: env ## The compose files on a Docker engine, which this installs (Debian, root)
	PYTEST=$(CURDIR)/$(PYTEST) tests/compose/ci.sh -m "not nightly"

bench: env ## The parts of docs/performance.json that are not fresh, for MINUTES (100; three hours in all, a quiet machine)
	./airfleet bench --to docs/performance.json $(LONG)

bench-fast: env ## The same in about 3 minutes, without scale and soak; fails when a gain is lost
	./airfleet bench --fast

ablation: env ## The gain of each group of changes to Airflow, into docs/ablation.json (2 to 3 h in parts of 60 minutes, a quiet machine)
	PYTHONPATH=src $(VENV)/bin/python -P -m bench.ablation

bench-shop: env ## The shop's pipelines at data scales SCALE (20 100), their copying compared with psql's, into docs/shop.json
	PYTHONPATH=src $(VENV)/bin/python -P -m bench.shop $(SCALE) $(LONG)

performance: env ## Generate docs/performance.md and docs/scaling.md from docs/performance.json
	mkdir -p build
	PYTHONPATH=src $(VENV)/bin/python -m bench.performance_page docs/performance.json >build/performance.md
	PYTHONPATH=src $(VENV)/bin/python -m bench.scaling docs/performance.json >build/scaling.md
	mv build/performance.md build/scaling.md docs

format: env ## Rewrite the code in the project's style
	$(VENV)/bin/ruff check --fix-only .
	$(VENV)/bin/ruff format .

lock: env ## Resolve the requirements as of UV_EXCLUDE_NEWER, and write the locks
	@set -e; lock() { $(VENV)/bin/uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes \
	  --no-emit-index-url --no-header "$$@"; }; \
	export UV_EXCLUDE_NEWER=$${UV_EXCLUDE_NEWER:-2026-11-28}; \
	lock requirements/uv.in -o requirements/uv.lock; \
	lock requirements/go.in -o requirements/go.lock; \
	lock airflow/requirements.in -o airflow/requirements.lock; \
	lock requirements/embedded.in -c airflow/requirements.lock -o requirements/embedded.lock; \
	lock requirements/dev.in -c requirements/embedded.lock -o requirements/dev.lock

up: ## Start the stack
	./airfleet up

down: ## Stop the stack
	./airfleet down
