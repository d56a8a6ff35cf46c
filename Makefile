# `make` runs the pipeline, `make app` serves the page, `make test` runs the tests, `make record`
# brings README's result and machine.json up to the last run. Each sets up .venv first.
# README.md spells out the same steps for those without make.

PYTHON ?= python3
# dvc.yaml says `python`: that of the environment must come first on the path.
export PATH := $(CURDIR)/.venv/bin:$(PATH)

.PHONY: run app test lint record

# Another data set is run only if the download fails because no mirror answers.
run: .venv/pipeline.installed
	@.venv/bin/dvc repro download || { \
	  .venv/bin/python -m stages.mirrors && exit 1; \
	  echo "MNIST could not be reached. Running scikit-learn's digits instead:"; \
	  echo "> dvc exp run -S download.dataset=digits"; \
	  .venv/bin/dvc exp run -S download.dataset=digits || exit 1; \
	  echo "This was the digits data set, not MNIST: params.yaml now says download.dataset: digits."; \
	  echo "To run MNIST later: . .venv/bin/activate && dvc exp run -S download.dataset=mnist"; \
	  echo "With the four files in a folder, put MNIST_MIRROR=/that/folder before dvc."; \
	  exit 0; }; \
	.venv/bin/dvc repro

app: .venv/app.installed
	.venv/bin/python -m app

test: .venv/checks.installed lint
	.venv/bin/pytest

lint: .venv/checks.installed
	.venv/bin/ruff check
	.venv/bin/ruff format --check
	.venv/bin/mypy

record: .venv/pipeline.installed
	.venv/bin/python -m benchmarks.record

.venv/bin/python:
	$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14) and "error: Python 3.11 to 3.13 is needed, found " + sys.version.split()[0] + "; type make PYTHON=python3.12")'
	$(PYTHON) -m venv .venv || { rm -rf .venv; exit 1; }

.venv/pipeline.installed: requirements.txt .venv/bin/python
	.venv/bin/python -m pip install --quiet --requirement requirements.txt
	touch $@

.venv/app.installed: requirements-app.txt .venv/pipeline.installed
	.venv/bin/python -m pip install --quiet --requirement requirements-app.txt
	touch $@

.venv/checks.installed: requirements-dev.txt .venv/app.installed
	.venv/bin/python -m pip install --quiet --requirement requirements-dev.txt
	touch $@
