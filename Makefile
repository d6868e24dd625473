# `make` alone lists what there is. All of it can be run again at any time.
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PACK := policies/.venv
MEASURED :=

# What users give to a command is text for it alone. As it is, make would expand a '$' in it and a shell all else: so its
# value is taken unexpanded, and reaches the shell as an environment variable, of which "$$NAME" is one word.
ARGUMENTS := PYTHON STACK BASE AGAINST IGNORE URL METHOD HEADER COOKIE FAULT TIMES SETTINGS WITHOUT APPROVED UNREVIEWED SERVERS \
    SEED MINUTES IMAGE SCHEDULE PART
$(foreach name,$(ARGUMENTS),$(eval override $(name) := $$(value $(name))))
export $(ARGUMENTS)

.DEFAULT_GOAL := help
.PHONY: help up down status env test nightly unit coverage faults chaos flips changes browser bench preview policies drift drift-issue routes deploy lint format
.PHONY: config diagram schema

help: ## list the commands
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

# The stamps hold what a virtual environment was made from, so that changed requirements renew it
# and an interrupted install is done again.
$(VENV)/.runs: requirements.txt constraints.txt components/pyproject.toml
	@tools/venv.sh "$$PYTHON" $(VENV) requirements.txt $@

$(VENV)/.tests: requirements.txt requirements-dev.txt constraints.txt components/pyproject.toml
	@tools/venv.sh "$$PYTHON" $(VENV) requirements-dev.txt $@
	@touch $(VENV)/.runs

$(PACK)/.runs: policies/requirements.txt policies/constraints.txt
	@tools/venv.sh "$$PYTHON" $(PACK) policies/requirements.txt $@

up: $(VENV)/.runs ## fresh machine to the whole tier on the embedded cluster; run again, it mends
	@$(BIN)/python -m operations up

down: $(VENV)/.runs ## remove the embedded cluster and its state; built binaries stay in the cache
	@$(BIN)/python -m operations down

status: $(VENV)/.runs ## what runs, in one screen
	@$(BIN)/python -m operations status

env: $(VENV)/.runs ## exports for `eval "$$(make -s env)"`
	@$(BIN)/python -m operations env

test: unit policies ## every test this machine can run, of long lists a sample
	@$(BIN)/python -m pytest -n 3 --dist loadscope --durations=60 -m 'not alone and not nightly' tests/cluster
	@$(BIN)/python -m pytest -m alone tests/cluster
	@$(BIN)/python -m pytest --tb=short -m subset tests/faults

nightly: $(VENV)/.tests policies ## what `make test` leaves out: the rest of long lists, newer servers, flips, changes, pages in a browser, all faults, a random run
	@$(BIN)/python -m pytest -n 3 --dist loadscope -m nightly tests/cluster
	@tools/test-servers.sh $(BIN)/python redis-8.0,valkey-8.1,valkey-9.1
	@$(MAKE) flips changes browser
	@$(MAKE) faults LONG=1
	@$(MAKE) chaos MINUTES=20

faults: $(VENV)/.tests ## break Redis on purpose and count what it costs: make faults FAULT=kill-master TIMES=5
	@$(BIN)/python -m pytest --tb=short tests/faults --fault="$$FAULT" --times="$${TIMES:-1}" \
	    $${SETTINGS:+--settings="$$SETTINGS"} $${WITHOUT:+--without="$$WITHOUT"} $${LONG:+--long}

chaos: $(VENV)/.tests ## faults drawn from a seed, one by one and at once, on a Redis Cluster: make chaos SEED=7 MINUTES=10
	@$(BIN)/python -m tests.faults.chaos $${SEED:+--seed="$$SEED"} $${MINUTES:+--minutes="$$MINUTES"} \
	    $${SETTINGS:+--settings="$$SETTINGS"} $${IMAGE:+--image="$$IMAGE"} $${SCHEDULE:+--schedule="$$SCHEDULE"} \
	    $${PART:+--part="$$PART"} $${WITHOUT:+--without="$$WITHOUT"}

flips: $(VENV)/.tests ## change values to and fro 20 times, and compare settings, state and live objects
	@FLIPS=20 $(BIN)/python -m pytest tests/cluster/webtier/test_flips.py

changes: $(VENV)/.tests ## change rules in 13 ways under load, and judge every answer
	@ALL_CHANGES=1 $(BIN)/python -m pytest -s tests/cluster/path_rules/test_changes.py

browser: $(VENV)/.tests ## look at the pages that are written, in a headless Chromium
	@WEBTIER_CHROMIUM="$$(tools/chromium.sh)" $(BIN)/python -m pytest tests/browser

bench: $(VENV)/.tests ## a thousand rules, beside the same by hand: time and memory
	@$(BIN)/python -m tests.bench.many_rules
	@$(BIN)/python -m tests.bench.large_report

unit: $(VENV)/.tests ## the unit tests alone; those of Redis also with others: make unit SERVERS=redis-8.0,valkey-9.1
	@tools/redis-server.sh
	@tools/debian-program.sh promtool prometheus "the tests of the alert rules" >/dev/null
	@$(BIN)/python -m pytest -n 4 --dist loadscope --durations=30 $(MEASURED) tests/unit
	@tools/test-servers.sh $(BIN)/python "$$SERVERS"

coverage: MEASURED := --cov --cov-report=term
coverage: unit ## the unit tests, and a table of how much of the code they run

policies: $(PACK)/.runs ## install the policies that previews are judged by, in an environment of their own

preview: $(VENV)/.runs $(PACK)/.runs ## what `pulumi up` would change, as a report: make preview STACK=dev,prod BASE=origin/main
	@$(BIN)/python -m operations.preview --base="$$BASE" -- "$${STACK:-local}"

drift: $(VENV)/.runs ## what was changed by hand in the cluster, by whom, and what `up` does about it: make drift STACK=dev
	@$(BIN)/python -m operations.drift --ignore="$$IGNORE" -- "$${STACK:-local}"

drift-issue: $(VENV)/.runs ## for a workflow: open, edit or close the one issue about drift
	@$(BIN)/python -m operations.drift.issue -- "$$STACK" build/drift

routes: $(VENV)/.runs ## what matches, in order, or which rule a URL hits: make routes STACK=dev URL=http://host/path
	@$(BIN)/python -m operations.routes --url="$$URL" --method="$${METHOD:-GET}" \
	    $${HEADER:+--header="$$HEADER"} $${COOKIE:+--cookie="$$COOKIE"} -- "$${STACK:-local}"

config: $(VENV)/.runs ## every setting of a stack and where it comes from: make config STACK=prod AGAINST=staging
	@$(BIN)/python -m operations.config --against="$$AGAINST" -- "$${STACK:-local}"

diagram: $(VENV)/.runs ## a picture of a stack, as SVG and for Mermaid: make diagram STACK=dev
	@$(BIN)/python -m operations.diagram -- "$${STACK:-local}"

schema: $(VENV)/.runs ## write the JSON schemas in docs/: of stack files, for editors, and of the preview's report
	@$(BIN)/python -m environment.settings.file_schema
	@$(BIN)/python -m operations.preview.report.schema

deploy: $(VENV)/.runs ## `pulumi up` through the gate, with your backend: make deploy STACK=dev APPROVED=report.json
	@$(BIN)/python -m operations.deploy --approved="$$APPROVED" --unreviewed="$$UNREVIEWED" -- "$$STACK"

lint: $(VENV)/.tests ## format, lint, types, scripts and workflows
	@$(BIN)/ruff format --check . && $(BIN)/ruff check . && $(BIN)/pyright
	@tools/verify-types.sh $(VENV)
	@tools/shellcheck.sh
	@cd tools/actionlint && go tool actionlint ../../.github/workflows/*.yaml

format: $(VENV)/.tests ## write the code in the one format
	@$(BIN)/ruff format . && $(BIN)/ruff check --fix .
