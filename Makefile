# Each of `make demo`, `make test`, `make check`, `make interop`, `make dist`, `make investigations`, `make soak` and `make bench` is all
# there is to type: the environment is made when it is missing or out of date.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := -m pip --disable-pip-version-check install --quiet
# A good part of the tests' time is waiting: five processes share two cores.
TOGETHER := --numprocesses 5 --dist worksteal

ENOUGH := $(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=...")'

.PHONY: demo test quick soak investigations interop check format schemas metadata pages pictures docs dist wheels bench lock clean

demo: $(VENV)/demo/installed
	$(VENV)/demo/bin/mail-archive-mcp demo

test: $(VENV)/installed $(VENV)/awscli/installed $(VENV)/simulator/tried $(VENV)/viewer/tried $(VENV)/mcpb/installed \
		$(VENV)/cyclonedx/installed $(VENV)/docs/installed $(VENV)/actionlint/tried
	$(BIN)/python -m pytest $(TOGETHER)

# What takes seconds each, left out.
quick: $(VENV)/installed $(VENV)/awscli/installed
	$(BIN)/python -m pytest $(TOGETHER) -m "not slow and not soak"

# What takes minutes: thousands of calls, fifty kills, every fault. Shorter forms of it are among the tests.
soak: $(VENV)/installed
	$(BIN)/python -m pytest -m soak

# Questions as investigators ask them, and what each takes: calls, bytes, seconds, right or wrong.
investigations: $(VENV)/installed
	$(BIN)/python -m pytest tests/investigations

# Clients and frameworks that are not ours, each in an environment of its own.
FRAMEWORKS := $(patsubst tests/interop/%/requirements.in,%,$(wildcard tests/interop/*/requirements.in))
INTEROP := $(VENV)/interop

interop: $(VENV)/installed $(FRAMEWORKS:%=$(INTEROP)/%/installed) $(INTEROP)/typescript/installed
	$(BIN)/python -m pytest tests/interop

check: $(VENV)/installed
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

format: $(VENV)/installed
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

# What clients see of the tools, made anew from their types. Review it in the diff.
schemas: $(VENV)/installed
	$(BIN)/python -m mail_archive_server.hosting.schemas

# What registries and hosts are told, made anew from settings and tools. Review it in the diff.
metadata: $(VENV)/installed
	$(BIN)/python -m distribution.metadata

# The pages of docs/ that are made of settings, tools and errors.
pages: $(VENV)/installed
	$(BIN)/python -m distribution.pages

# What the views look like, for docs/. Needs Chromium.
pictures: $(VENV)/installed $(VENV)/viewer/tried
	$(BIN)/python -m tests.server.viewer.pictures

# The documentation as a site, in dist/docs. Nothing is fetched for it, and every warning is an error.
docs: $(VENV)/docs/installed
	$(VENV)/docs/bin/python -m sphinx --fail-on-warning --keep-going --quiet --builder html docs dist/docs

# What is given away: wheel and source (built twice, the same bytes), bundle, plugin, registry entry, bill of materials.
dist: $(VENV)/installed $(VENV)/mcpb/installed $(VENV)/cyclonedx/installed
	$(BIN)/python -m distribution.dist

# Whether what users install has a wheel on each machine. Asks the index of packages.
wheels: $(VENV)/installed
	$(BIN)/python -m distribution.wheels

bench: $(VENV)/installed
	$(BIN)/python -m tests.bench

# What CI runs with, pinned anew. Needs uv.
lock:
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
		--no-emit-index-url --upgrade --extra dev --output-file constraints.txt pyproject.toml
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
		--no-emit-index-url --constraint constraints.txt --output-file distribution/requirements.txt pyproject.toml
	echo awscli | uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
		--no-emit-index-url --upgrade --output-file tests/constraints-awscli.txt -
	echo sphinx myst-parser furo | tr ' ' '\n' | uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
		--no-header --no-annotate --no-emit-index-url --upgrade --output-file docs/constraints.txt -
	echo cyclonedx-bom | uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
		--no-emit-index-url --upgrade --output-file distribution/constraints-cyclonedx.txt -
	for name in $(FRAMEWORKS); do \
		uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
			--no-emit-index-url --upgrade --output-file tests/interop/$$name/constraints.txt \
			tests/interop/$$name/requirements.in || exit 1; \
	done
	cd tests/interop/typescript && npm install --package-lock-only --silent
	cd $(SIMULATOR) && npm install --package-lock-only --silent

clean:
	rm -rf $(VENV) build dist

$(VENV)/installed: pyproject.toml constraints.txt
	@$(ENOUGH)
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python $(PIP) --require-hashes --requirement constraints.txt
	$(BIN)/python $(PIP) --no-deps --no-build-isolation --editable .
	touch $@

# What a user gets, and nothing else.
$(VENV)/demo/installed: pyproject.toml distribution/requirements.txt
	@$(ENOUGH)
	@echo "Making an environment of what the server needs, which takes about twenty seconds ..."
	@$(PYTHON) -m venv $(@D)
	@$(@D)/bin/python $(PIP) --no-compile --require-hashes --requirement distribution/requirements.txt
	@$(@D)/bin/python $(PIP) --no-deps --editable .
	@touch $@

# What makes the site of the documentation.
$(VENV)/docs/installed: docs/constraints.txt
	@$(ENOUGH)
	$(PYTHON) -m venv $(@D)
	$(@D)/bin/python $(PIP) --require-hashes --requirement docs/constraints.txt
	touch $@

# The AWS CLI pins a botocore of its own, so it lives apart.
$(VENV)/awscli/installed: tests/constraints-awscli.txt $(VENV)/installed
	$(PYTHON) -m venv $(VENV)/awscli
	$(VENV)/awscli/bin/python $(PIP) --require-hashes --requirement tests/constraints-awscli.txt
	touch $@

# What writes the bill of materials. What it brings along would slow down every process of the tests that is an MCP client.
$(VENV)/cyclonedx/installed: distribution/constraints-cyclonedx.txt $(VENV)/installed
	$(PYTHON) -m venv $(VENV)/cyclonedx
	$(VENV)/cyclonedx/bin/python $(PIP) --require-hashes --requirement distribution/constraints-cyclonedx.txt
	touch $@

# An evaluator of IAM's policies that ours is compared with; where there is no npm, that test is skipped.
SIMULATOR := tests/local/identity/simulator
$(VENV)/simulator/tried: $(SIMULATOR)/package-lock.json $(SIMULATOR)/simulate.mjs $(VENV)/installed
	mkdir -p $(@D)
	cp $(SIMULATOR)/package.json $(SIMULATOR)/package-lock.json $(SIMULATOR)/.npmrc $(SIMULATOR)/simulate.mjs $(@D)
	if command -v npm >/dev/null; then cd $(@D) && npm ci --silent && touch installed; fi
	touch $@

# A host that shows views, of the parts that ext-apps gives to hosts; where there is no npm, tests of the view are skipped.
VIEWER := tests/server/viewer/host
$(VENV)/viewer/tried: $(VIEWER)/package-lock.json $(VIEWER)/host.mjs $(VENV)/installed
	mkdir -p $(@D)
	cp $(VIEWER)/package.json $(VIEWER)/package-lock.json $(VIEWER)/.npmrc $(VIEWER)/host.mjs $(@D)
	if command -v npm >/dev/null; then cd $(@D) && npm ci --silent && npm run --silent build; fi
	touch $@

# What judges workflows; where there is no Go, that test is skipped.
ACTIONLINT := github.com/rhysd/actionlint/cmd/actionlint@v1.7.12
$(VENV)/actionlint/tried: Makefile
	mkdir -p $(@D)
	if command -v go >/dev/null; then GOBIN=$(abspath $(@D)) go install $(ACTIONLINT) || true; fi
	touch $@

# What packs the bundle.
$(VENV)/mcpb/installed: distribution/bundler/package-lock.json $(VENV)/installed
	mkdir -p $(@D)
	cp distribution/bundler/package.json distribution/bundler/package-lock.json distribution/bundler/.npmrc $(@D)
	if command -v npm >/dev/null; then cd $(@D) && npm ci --silent; fi
	touch $@

$(INTEROP)/%/installed: tests/interop/%/constraints.txt $(VENV)/installed
	$(PYTHON) -m venv $(@D)
	$(@D)/bin/python $(PIP) --require-hashes --requirement $<
	touch $@

$(INTEROP)/typescript/installed: tests/interop/typescript/package-lock.json $(VENV)/installed
	mkdir -p $(@D)
	cp tests/interop/typescript/package.json tests/interop/typescript/package-lock.json tests/interop/typescript/.npmrc $(@D)
	cd $(@D) && npm ci --silent
	touch $@
