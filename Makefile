# `make` runs the pipeline, `make app` serves the page, `make tour` opens the tour, `make test` runs
# the tests, `make record` brings what the project says of the last run up to date. Each first sets
# up what it needs in .venv; `make setup` sets up all of it, and `make cluster` Ray.
# README.md spells out the steps without make.

PYTHON ?= python3
# uv installs the same packages as pip in a fifth of the time.
UV := uv==0.13.9
# dvc.yaml says `python`: that of the environment must come first on the path.
export PATH := $(CURDIR)/.venv/bin:$(PATH)

.PHONY: run app tour test lint record cluster setup

# Another data set is run only if MNIST's download fails because no mirror answers.
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

# `make app TEACH=1` saves in data/own what is corrected on the page.
app: .venv/app.installed
	.venv/bin/python -m app $(if $(TEACH),--teach)

tour: .venv/checks.installed
	.venv/bin/jupyter lab docs/tour.ipynb

test: .venv/checks.installed lint
	.venv/bin/pytest

lint: .venv/checks.installed
	.venv/bin/ruff check
	.venv/bin/ruff format --check
	.venv/bin/mypy

record: .venv/checks.installed
	.venv/bin/python -m benchmarks.record

cluster: .venv/cluster.installed

setup: .venv/checks.installed

.venv/bin/uv:
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14) and "error: Python 3.11 to 3.13 is needed, found " + sys.version.split()[0] + "; type make PYTHON=python3.12")'
	@echo "Making the Python environment .venv ..."
	@$(PYTHON) -m venv .venv && .venv/bin/python -m pip install --quiet $(UV) || { rm -rf .venv; exit 1; }

# The modules are compiled at once, as pip does: otherwise each start of TensorFlow could compile anew.
# pip takes over where uv finds no packages: it has settings of its own for mirrors and proxies.
define install
@echo "Installing the packages of $< ..."
@.venv/bin/uv pip install --quiet --compile-bytecode --python .venv/bin/python --requirement $< || { \
  echo "uv could not install them. Trying pip ..."; \
  .venv/bin/python -m pip install --quiet --requirement $<; }
@touch $@
endef

.venv/app.installed: requirements-app.txt .venv/bin/uv
	$(install)

.venv/pipeline.installed: requirements.txt .venv/bin/uv
	$(install)

.venv/cluster.installed: requirements-cluster.txt .venv/pipeline.installed
	$(install)

.venv/checks.installed: requirements-dev.txt .venv/pipeline.installed .venv/app.installed
	$(install)
