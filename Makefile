# napari-kseg: everything a developer does, one target each. `make help` lists them.
# Only python3 (3.11 or newer) and make must be there; the targets set up the rest in .venv.
# VENV=folder puts the environment elsewhere, PYTHON=path picks the Python to make it with, ARGS="..." goes to the tool.

VENV ?= .venv
LOWEST_VENV ?= .venv-lowest
BENCH_VENV ?= .venv-bench
DOCS_VENV ?= .venv-docs
PAIRING_VENV ?= .venv-pairing
ARGS ?=
export VENV

python := $(VENV)/bin/python
uv := $(VENV)/bin/uv
sphinx := $(DOCS_VENV)/bin/python -m sphinx -q -c docs
peers := scikit-learn-intelex opencv-python-headless faiss-cpu imagequant Pillow kmeans1d bkmeans
neighbors := "napari-skimage>=0.7.1" "napari-skimage-regionprops>=0.10.1" "napari-clusters-plotter>=0.11" \
	"napari-matplotlib>=3.0.2" "napari-ome-zarr>=0.10"
heavy_neighbors := "napari-convpaint>=1.2"
test_pairing = tools/with-display.sh --virtual $(PAIRING_VENV)/bin/python -m pytest --fail-on-skip -W default tests/pairing
code := src tests $(wildcard examples benchmarks tools docs)
# With a screen the demo opens the viewer and leaves it open; without one it works in a virtual display and saves what it shows.
screen := $(strip $(DISPLAY) $(WAYLAND_DISPLAY) $(filter Darwin,$(shell uname)))
demo_options := $(if $(screen),,--output demo-output)

.NOTPARALLEL:
.DEFAULT_GOAL := help
.PHONY: help setup demo test test-all test-wheel test-noqt test-nojit test-lowest test-pairing test-pairing-light lint types \
	format bench bench-quick docs docs-links screenshots pairing-pictures build numba-clean clean

help: ## Explain the targets (this text)
	@echo "napari-kseg. Targets:"
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1|\2/p' $(firstword $(MAKEFILE_LIST)) \
		| while IFS='|' read -r target text; do printf '  make %-18s %s\n' "$$target" "$$text"; done

$(VENV)/.ready-all $(VENV)/.ready-test $(VENV)/.ready-dev: $(VENV)/.ready-%: pyproject.toml tools/setup.sh
	@tools/setup.sh $*

setup: $(VENV)/.ready-dev ## Set up .venv with all that development needs

demo: $(VENV)/.ready-all ## Open napari, segment the sample; without a screen: save pictures of it in demo-output/
	@tools/with-display.sh $(python) examples/demo.py $(demo_options) $(ARGS)

test: $(VENV)/.ready-test ## Run all tests, those in the real viewer included (about 20 minutes); a skipped test fails
	@tools/with-display.sh --virtual $(python) -m pytest --fail-on-skip $(ARGS)

test-all: lint types docs test-nojit test-wheel test-noqt test-lowest test-pairing-light ## Run the slower checks: lint, types, docs and the test-... below

test-wheel: $(VENV)/.ready-dev ## Build the wheel, install it in a clean environment, find widget and samples through npe2
	@tools/with-display.sh --virtual $(python) -m pytest -m slow --fail-on-skip tests/packaging/test_wheel.py $(ARGS)

test-noqt: $(VENV)/.ready-dev ## Use the library and the command line in an environment without Qt
	@$(python) -m pytest -m slow --fail-on-skip tests/packaging/test_without_qt.py $(ARGS)

test-nojit: $(VENV)/.ready-test ## Run the kernels as plain Python on tiny inputs
	@NUMBA_DISABLE_JIT=1 $(python) -m pytest -m nojit --fail-on-skip tests $(ARGS)

# A cache of kernels of its own, as two versions of Numba do not share one.
test-lowest: $(LOWEST_VENV)/.ready ## Run all tests with the lowest versions that pyproject.toml allows
	@NUMBA_CACHE_DIR=$(abspath $(LOWEST_VENV))/numba-cache \
		tools/with-display.sh --virtual $(LOWEST_VENV)/bin/python -m pytest --fail-on-skip -W default $(ARGS)

# Python 3.11 where there is one, else the one of .venv; then the lowest versions of which there are wheels for it.
$(LOWEST_VENV)/.ready: pyproject.toml | $(VENV)/.ready-dev
	@echo "Setting up $(LOWEST_VENV) with the lowest versions allowed ..."
	@$(uv) venv --quiet --clear $(LOWEST_VENV) \
		--python "$$($(uv) python find --no-python-downloads 3.11 2>/dev/null || echo $(python))"
	@$(uv) pip install --quiet --python $(LOWEST_VENV)/bin/python --resolution lowest-direct --editable ".[test]" \
		$(addprefix --only-binary ,matplotlib numba numpy scikit-image scikit-learn vispy)
	@touch $@

test-pairing: $(PAIRING_VENV)/.ready-all ## Work together with other plugins of napari, installed for it (7 GB: PyTorch is among them)
	@$(test_pairing) $(ARGS)

test-pairing-light: $(PAIRING_VENV)/.ready ## The same without napari-convpaint, which brings PyTorch
	@$(test_pairing) --ignore tests/pairing/test_convpaint.py $(ARGS)

$(PAIRING_VENV)/.ready: pyproject.toml | $(VENV)/.ready-dev
	@echo "Setting up $(PAIRING_VENV) with other plugins of napari ..."
	@$(uv) venv --quiet --clear $(PAIRING_VENV) --python $(python)
	@$(uv) pip install --quiet --python $(PAIRING_VENV)/bin/python --editable ".[test]" $(neighbors)
	@touch $@

$(PAIRING_VENV)/.ready-all: $(PAIRING_VENV)/.ready
	@$(uv) pip install --quiet --python $(PAIRING_VENV)/bin/python $(heavy_neighbors)
	@touch $@

lint: $(VENV)/.ready-dev ## Check style and imports (ruff)
	@$(python) -m ruff check $(code)
	@$(python) -m ruff format --check $(code)

types: $(VENV)/.ready-dev ## Check the types (mypy, strict)
	@$(python) -m mypy $(ARGS)

format: $(VENV)/.ready-dev ## Format the code and mend what ruff can
	@$(python) -m ruff check --fix $(code)
	@$(python) -m ruff format $(code)

bench: $(BENCH_VENV)/.ready ## Measure speed and quality beside other libraries (an hour; ARGS="--only P1 Q4" for a part)
	@$(BENCH_VENV)/bin/python benchmarks/run.py $(ARGS)

bench-quick: $(VENV)/.ready-test ## Compare speed with the previous commit, or ARGS="--against REV" (2 minutes)
	@$(python) benchmarks/compare.py $(ARGS)

# A peer that there is no wheel for is left out; the tables say so.
$(BENCH_VENV)/.ready: pyproject.toml | $(VENV)/.ready-dev
	@echo "Setting up $(BENCH_VENV) with the libraries to compare with ..."
	@$(uv) venv --quiet --clear $(BENCH_VENV) --python $(python)
	@$(uv) pip install --quiet --python $(BENCH_VENV)/bin/python --editable ".[plot]" pandas scikit-learn zarr
	@for peer in $(peers); do \
		$(uv) pip install --quiet --python $(BENCH_VENV)/bin/python --only-binary $$peer $$peer \
			|| echo "$$peer cannot be installed here and is left out"; \
	done
	@touch $@

docs: $(DOCS_VENV)/.ready ## Build the site into build/docs and run its notebooks; a warning or a broken link fails
	@$(sphinx) --fail-on-warning --keep-going . build/docs $(ARGS)
	@echo "Look at build/docs/index.html"

docs-links: $(DOCS_VENV)/.ready ## Check the links of the site to other sites, if there is a net
	@$(DOCS_VENV)/bin/python -c "import socket; socket.create_connection(('doi.org', 443), 10).close()" 2>/dev/null \
		|| { echo "There is no net: links to other sites were not checked." >&2; exit 1; }
	@$(sphinx) -b linkcheck -D nb_execution_mode=off -D suppress_warnings=myst-nb.lexer . build/docs-links $(ARGS)

$(DOCS_VENV)/.ready: pyproject.toml | $(VENV)/.ready-dev
	@echo "Setting up $(DOCS_VENV) with what makes the site ..."
	@$(uv) venv --quiet --clear $(DOCS_VENV) --python $(python)
	@$(uv) pip install --quiet --python $(DOCS_VENV)/bin/python --editable ".[docs]"
	@touch $@

screenshots: $(VENV)/.ready-all ## Make the pictures of the README, the user guide and the recipes anew
	@tools/with-display.sh --virtual $(python) tools/screenshots.py $(ARGS)
	@tools/with-display.sh --virtual $(python) tools/guide_pictures.py
	@$(python) tools/recipe_pictures.py

pairing-pictures: $(PAIRING_VENV)/.ready-all ## Make the pictures of docs/pairing.md anew
	@tools/with-display.sh --virtual $(PAIRING_VENV)/bin/python tools/pairing_pictures.py $(ARGS)

build: $(VENV)/.ready-dev ## Build wheel and source archive into dist/ and check them
	@rm -rf dist
	@$(python) -m build
	@$(python) -m twine check --strict dist/*
	@$(python) -m npe2 validate src/napari_kseg/napari.yaml

numba-clean: ## Remove the caches of compiled kernels (a kernel does not notice changes in what it calls)
	@find src tests -name '*.nb[ic]' -delete

clean: numba-clean ## Remove all that was made here: environments, builds, caches, demo-output
	@rm -rf $(VENV) $(LOWEST_VENV) $(BENCH_VENV) $(DOCS_VENV) $(PAIRING_VENV) dist build demo-output
	@rm -rf .pytest_cache .mypy_cache .ruff_cache .hypothesis
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
