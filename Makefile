# Everything runs in .venv, which uv fills from uv.lock; the first target that needs it makes it.
.DEFAULT_GOAL := help
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c

PYTHON ?= python3
UV_VERSION := 0.13.9
UV := $(or $(shell command -v uv),.tools/uv/bin/uv)
RUN := $(UV) run --frozen
# Test processes at a time. Tests wait for servers more than for a core: on two cores four take two thirds of the time
# that three take.
JOBS ?= 4
SOURCES := operator services kind models tests scripts benchmarks

# A Python that is too old is refused below rather than replaced by a download.
export UV_PYTHON_DOWNLOADS ?= never

# Where Python may not write bytecode, as in many containers, every process would compile everything that it imports,
# which is most of the time of a start. It is written to the cache instead.
ifdef PYTHONDONTWRITEBYTECODE
unexport PYTHONDONTWRITEBYTECODE
export PYTHONPYCACHEPREFIX ?= $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/darkroom/bytecode
endif

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: setup
setup: $(UV) ## Install uv, and the packages pinned in uv.lock
	@$(UV) sync --frozen

.PHONY: demo
demo: console ## Send sample images through Kafka and four models on this machine; show the results (KEEP=1: keep the web console running)
	@$(RUN) python -m scripts.demo $(if $(KEEP),--keep)

.PHONY: test
test: ## Run all tests except those on kind, with real brokers and a real API server
	@$(MAKE) test-chaos
	@$(MAKE) test-servers

.PHONY: test-chaos
test-chaos: $(UV) ## Part of `make test`: a short `make chaos`, which needs all cores
	@$(RUN) pytest -m chaos tests/chaos

.PHONY: test-servers
test-servers: test-tools console ## Part of `make test`: all other tests
	@$(RUN) pytest -n $(JOBS) --dist worksteal --durations=10 -m "not e2e and not chaos" tests

.PHONY: test-unit
test-unit: $(UV) ## Run the tests that start no servers and no interpreters (seconds)
	@$(RUN) pytest -q -n auto -m "not fuzz and not processes" --hypothesis-profile quick tests/unit

.PHONY: test-tools
test-tools: $(UV) ## Build or download the programs for tests/cluster and tests/registry, into the cache (minutes, once)
	@$(RUN) python -m tests.support.kube.tools

.PHONY: test-oldest
# Without upgrades: the earlier charts' CRDs are too costly for this API server.
test-oldest: test-tools ## Test CRD, chart and operator on an API server of the oldest supported Kubernetes (builds it, once: minutes)
	@DARKROOM_TEST_KUBERNETES=oldest $(RUN) python -m tests.support.kube.tools
	@DARKROOM_TEST_KUBERNETES=oldest $(RUN) pytest -n $(JOBS) --dist worksteal \
	  --ignore tests/cluster/chart/test_upgrading.py \
	  tests/cluster/test_crd.py tests/cluster/chart tests/cluster/operator/test_lifecycle.py tests/cluster/stand_ins/test_api_server.py

.PHONY: chaos
chaos: $(UV) ## Inject faults while 20,000 images are processed; exits 1 if a guarantee is broken (ten minutes)
	@$(RUN) python -m tests.chaos

.PHONY: images
images: console ## Build the container images with docker or podman
	@$(RUN) python -m kind images

.PHONY: sbom
sbom: console ## Build the container images, and copy their SBOMs (CycloneDX) to .build/sbom
	@$(RUN) python -m kind sbom

.PHONY: kind-up
kind-up: $(UV) ## Create a kind cluster; builds its node image if no container registry is reachable (minutes, once)
	@$(RUN) python -m kind up

.PHONY: kind-images
kind-images: kind-up console ## Build the container images and load them into the kind cluster
	@$(RUN) python -m kind images --load

.PHONY: kind-down
kind-down: $(UV) ## Delete the kind cluster
	@$(RUN) python -m kind down

.PHONY: e2e
e2e: kind-images ## Run the tests on kind; creates the cluster if there is none
	@$(RUN) pytest -x -m e2e tests/e2e

.PHONY: e2e-once
e2e-once: e2e ## Run the tests on kind, then delete the cluster
	@$(MAKE) kind-down

.PHONY: bench
bench: $(UV) ## Run every benchmark beside its baselines; print the ratios, draw the plots (an hour, on a quiet machine)
	@$(RUN) python -m benchmarks
	@$(RUN) --group bench python -m benchmarks.measuring.plots
	@$(RUN) python -m scripts.generate

.PHONY: bench-operator
bench-operator: $(UV) ## Measure the operator with 1,000 pipelines; fails if a limit is exceeded (minutes)
	@$(RUN) python -m benchmarks.operator --counts 1000 --check

.PHONY: bench-soak
bench-soak: $(UV) ## Measure memory and lag for half an hour at 80 % load
	@$(RUN) python -m benchmarks.soak

.PHONY: bench-console
bench-console: console ## Measure the web console in Chromium, with 50 live images a second
	@$(RUN) python -m benchmarks.console

.PHONY: lint
lint: $(UV) ## Check the style, the direction of imports, and YAML
	@$(RUN) ruff check $(SOURCES)
	@$(RUN) ruff format --check $(SOURCES)
	@$(RUN) lint-imports
	@$(RUN) yamllint --strict charts k8s kind-config.yaml .pre-commit-config.yaml .yamllint.yaml

.PHONY: fmt
fmt: $(UV) ## Format the code and apply ruff's fixes
	@$(RUN) ruff check --fix $(SOURCES)
	@$(RUN) ruff format $(SOURCES)

.PHONY: types
types: $(UV) ## Run mypy in strict mode
	@$(RUN) mypy

.PHONY: console
console: $(UV) ## Build the web console into the ingestion service, if its sources have changed
	@$(RUN) python -m scripts.console build

.PHONY: console-check
console-check: $(UV) ## Check the console: style, types, unit tests, the generated types of the API, size
	@$(RUN) python -m scripts.console check

.PHONY: console-types
console-types: $(UV) ## Generate the console's types of the API, after a change of the API
	@$(RUN) python -m scripts.console types

.PHONY: console-pictures
console-pictures: console ## Take the pictures of the console in the documents
	@$(RUN) python -m scripts.console_pictures

.PHONY: generate
generate: $(UV) ## Generate the CRD and the reference pages
	@$(RUN) python -m scripts.generate

.PHONY: kustomize
kustomize: $(UV) ## Generate k8s/kustomize from the chart, after a change of the chart or the CRD
	@$(RUN) python -m scripts.kustomize

.PHONY: clean
clean: ## Remove .venv, .tools and the tools' files
	rm -rf .venv .tools .build console/node_modules services/ingestion/src/darkroom_ingestion/console .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .schemathesis

# uv in a folder of its own, for machines without it.
.tools/uv/bin/uv:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo "Darkroom needs Python 3.11 or later, but $(PYTHON) is $$($(PYTHON) --version 2>&1 || true): name another one, as in make PYTHON=python3.12" >&2; \
	  exit 2; }
	@echo "Getting uv $(UV_VERSION) into .tools"
	@rm -rf .tools/uv && $(PYTHON) -m venv .tools/uv || { \
	  echo "$(PYTHON) -m venv does not work here: install the venv package of your Python (Debian, Ubuntu: python3-venv)" >&2; \
	  exit 2; }
	@.tools/uv/bin/pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
