# One place for every command. Built and downloaded things live outside the work tree, keyed by version.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

export LLMSTACK_CACHE ?= $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/llmstack
VENV := $(LLMSTACK_CACHE)/venv/$(shell sha256sum requirements-dev.lock | cut -c1-12)
PY := $(VENV)/bin/python
export PYTHONPATH := operator:.
export PYTHONDONTWRITEBYTECODE := 1

.PHONY: help
help: ## list the targets
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  %-12s %s\n", $$1, $$2}'

$(VENV)/.ready:
	@echo "==> Python environment ($(VENV))"
	@rm -rf $(VENV).part $(VENV) && mkdir -p $(dir $(VENV)) && python3 -m venv $(VENV)
	@$(VENV)/bin/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $@

.PHONY: venv
venv: $(VENV)/.ready ## install the pinned Python packages (outside the work tree)

.PHONY: lint
lint: venv ## ruff, mypy --strict, import contracts
	@$(VENV)/bin/ruff check .
	@$(VENV)/bin/ruff format --check .
	@$(VENV)/bin/mypy
	@$(VENV)/bin/lint-imports

.PHONY: check
check: lint ## seconds: lint, types, contracts between rooms, unit and golden tests
	@$(PY) -m pytest tests -q -m "not contract"

.PHONY: format
format: venv ## let ruff format and mend the code
	@$(VENV)/bin/ruff check --fix . ; $(VENV)/bin/ruff format .

.PHONY: generate
generate: venv ## write crds/, charts/llmstack-crds and docs/reference from the models
	@$(PY) -m tests.generate

.PHONY: golden
golden: venv ## write the golden files again (look at the diff before you commit it)
	@$(PY) -m tests.golden_cases --write

.PHONY: lock
lock: venv ## resolve the dependencies again and pin them with hashes
	@$(PY) -m pip install --quiet uv==0.13.9 --target $(LLMSTACK_CACHE)/uv
	@PATH=$(LLMSTACK_CACHE)/uv/bin:$$PATH uv pip compile pyproject.toml --extra dev --generate-hashes --no-header --no-annotate --python-version 3.11 -q -o requirements-dev.lock
	@PATH=$(LLMSTACK_CACHE)/uv/bin:$$PATH uv pip compile pyproject.toml --generate-hashes --no-header --no-annotate --python-version 3.11 --extra image -c requirements-dev.lock -q -o requirements-image.lock

.PHONY: contract
contract: venv ## under a minute: real API server, Envoy, collector and engine, without a cluster
	@$(PY) -m e2e.cluster build
	@$(PY) -m pytest tests -q -m contract

.PHONY: e2e
e2e: venv ## minutes: the stories on the kind cluster
	@$(PY) -m e2e.cluster prepare || echo "NO CLUSTER: the stories below will fail"
	@$(PY) -m pytest e2e

.PHONY: test
test: lint ## all of it: lint, types, unit, golden, contract, and the stories on the kind cluster
	@$(PY) -m e2e.cluster prepare || echo "NO CLUSTER: the stories below will fail"
	@$(PY) -m pytest tests e2e

.PHONY: demo
demo: venv ## the tour on a real cluster; it ends by itself and cleans up what it started
	@$(PY) -m e2e.demo

.PHONY: up
up: venv ## the cluster, the operator and a sample service, left running; twice is harmless
	@$(PY) -m e2e.cluster up

.PHONY: down
down: venv ## delete the cluster and stop the Docker engine that was started for it
	@$(PY) -m e2e.cluster down

.PHONY: bench
bench: venv ## decisions and manifests of 1,000 services: services a second and core, min, median, max
	@$(PY) -m tests.bench
