# What a developer can do here. `make` lists it; CI calls the same targets.
SHELL := /bin/bash
VENV := .venv
PYTEST := $(VENV)/bin/pytest
# Of the shop's files that bench-shop makes.
SCALE ?= 20

.DEFAULT_GOAL := help
.PHONY: help env test lint types unit contract sql stack faults faults-short bench bench-fast bench-shop
.PHONY: performance monitoring programs patches dashboards images test-compose format lock up down

help: ## List the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 16

env: ## Make .venv with the tests' packages, from the lock
	@AIRFLEET_REQUIREMENTS=dev ./airfleet --help >/dev/null

test: env lint types unit contract sql stack ## All but faults, monitoring, speed, and what needs a Docker engine

lint: env ## Style, common mistakes, weak spots and secrets
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	@# It warns of every part of a marked statement in which it finds nothing.
	$(VENV)/bin/bandit --quiet --configfile pyproject.toml --recursive src airflow monitoring \
	  2> >(grep -v 'nosec encountered' >&2)
	PYTHONPATH=tests $(VENV)/bin/python -m support.secret_scan

types: env ## Types, strictly
	$(VENV)/bin/mypy

unit: env ## Single modules, without servers
	$(PYTEST) tests/unit

contract: env ## What must agree: schedules, settings, lists, files
	$(PYTEST) tests/contract

sql: env ## The shop's SQL on a real Postgres
	$(PYTEST) tests/sql

stack: env ## A running stack, from a fresh checkout
	$(PYTEST) tests/stack

faults: env ## Every fault of docs/reliability.md, whose table this writes (hours; root, for the network and the disk)
	$(PYTEST) tests/faults --report docs/reliability.json; status=$$?; \
	PYTHONPATH=src:tests $(VENV)/bin/python -m support.faults.report docs/reliability.json docs/reliability.md; exit $$status

faults-short: env ## The few faults that CI tries; minutes
	$(PYTEST) tests/faults -m short

programs: env ## Build Prometheus and its companions into the user's cache, once; minutes
	PYTHONPATH=src $(VENV)/bin/python -P -m airfleet.observe.servers.build

monitoring: programs ## Metrics, alerts and dashboards, on live servers and a running stack
	$(PYTEST) tests/monitoring

patches: env ## Write docs/patches.md anew from src/airfleet/runtime/patches
	mkdir -p build
	PYTHONPATH=src $(VENV)/bin/python -P -m airfleet.runtime.patches.listing >build/patches.md
	mv build/patches.md docs/patches.md

dashboards: env ## Write monitoring/grafana/dashboards anew from monitoring/dashboards
	PYTHONPATH=src:monitoring $(VENV)/bin/python -P -m dashboards

images: programs ## What test-compose needs and takes minutes: an engine, a browser, the images (Debian, root)
	PYTEST=$(CURDIR)/$(PYTEST) tests/compose/ci.sh prepare

test-compose: env ## The real compose files on a real Docker engine, installed on the spot (Debian, root)
	PYTEST=$(CURDIR)/$(PYTEST) tests/compose/ci.sh

bench: env ## How fast this is beside the official deployment, into docs/performance.json (three hours, a quiet machine)
	./airfleet bench --to docs/performance.json

bench-fast: env ## The same in some 3 minutes, without scale and soak; fails when a gain is gone
	./airfleet bench --fast

bench-shop: env ## The shop's pipelines at data scale SCALE (20), their copying beside psql's; on servers of their own
	PYTHONPATH=src $(VENV)/bin/python -m bench.modules 'retail generate --scale $(SCALE)' retail.first_run \
		'retail.bench_load $(SCALE)'

performance: env ## Write docs/performance.md and docs/scaling.md from docs/performance.json
	mkdir -p build
	PYTHONPATH=src $(VENV)/bin/python -m bench.performance_page docs/performance.json >build/performance.md
	PYTHONPATH=src $(VENV)/bin/python -m bench.scaling docs/performance.json >build/scaling.md
	mv build/performance.md build/scaling.md docs

format: env ## Rewrite the code in the project's style
	$(VENV)/bin/ruff check --fix-only .
	$(VENV)/bin/ruff format .

lock: env ## Resolve requirements anew as of UV_EXCLUDE_NEWER, and write the locks
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
