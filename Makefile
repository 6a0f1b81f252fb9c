PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready
unexport PYTHONDONTWRITEBYTECODE  # else each of the tests' processes compiles the code anew

.DEFAULT_GOAL := help

help: ## List the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

$(READY): pyproject.toml requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Python 3.11 or newer is needed: make PYTHON=/path/to/python3.11"; exit 2; }
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --editable .
	@touch $@

install: $(READY) ## Make .venv with the pinned versions

demo: $(READY) ## The whole journey on the real CDNOW log
	@$(BIN)/churn demo
	@echo 'First: . .venv/bin/activate   (puts churn on the path)'

picture: $(READY) ## Draw the README's picture: the first page of the demo's report, with Chromium
	@test -f out/demo/report.html || $(BIN)/churn demo
	@mkdir -p docs/pictures
	chromium --headless --no-sandbox --disable-gpu --hide-scrollbars --window-size=1100,660 \
		--screenshot=docs/pictures/report.png file://$(CURDIR)/out/demo/report.html

test: $(READY) ## All tests that need nothing but Python
	$(BIN)/pytest -n 2 --dist worksteal -m "not browser and not engine and not thorough and not fuzz" tests features models pipeline

test-abuse: $(READY) ## What is promised of faulty input, faults and abuse: N tried, N as promised
	$(BIN)/pytest -n 2 --dist worksteal --promises -m "not browser and not fuzz" tests

fuzz: $(READY) ## Random logs in random dialects, for about an hour
	FUZZ_EXAMPLES=2000 $(BIN)/pytest --timeout 0 -m fuzz tests/abuse/test_fuzz.py

check: $(READY) ## Format, lint, types, import contracts, doctests, fast tests
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/pytest -n 2 --dist worksteal -m "not browser and not engine and not thorough and not fuzz and not slow" \
		tests features models pipeline

format: $(READY) ## Format the code and mend what can be mended
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench-btyd: $(READY) ## Speed of the BTYD models beside lifetimes
	$(BIN)/python -m benchmarks.btyd

bench-quality: $(READY) ## Prediction quality on CDNOW and, where it is there, the grocery log
	$(BIN)/python -m benchmarks.quality
	$(BIN)/python -m benchmarks.long_holdout

bench-kinds: $(READY) ## The same on 25 simulated kinds of business, and beside the best part
	$(BIN)/python -m benchmarks.kinds

bench-constants: $(READY) ## What half and double of each constant of the blend change, on hidden futures
	$(BIN)/python -m benchmarks.constants

bench-campaign: $(READY) ## Campaigns: intervals, plans that learn, a real trial, a million customers
	$(BIN)/python -m benchmarks.campaign

bench-coverage: $(READY) ## How often the 80 % intervals hold what came
	$(BIN)/python -m benchmarks.coverage

bench-monitoring: $(READY) ## What the watch notices, how often it is wrong, what training again helps: more than half an hour
	$(BIN)/python -m benchmarks.monitoring

bench-scale: $(READY) ## From a log to RFM and features, beside a hand-written group-by
	$(BIN)/python -m benchmarks.scale $(SCALE)

lock: ## Pin the newest versions that pyproject.toml allows
	rm -rf .venv
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --editable ".[dev]"
	$(BIN)/pip freeze --exclude-editable > requirements.lock
	$(BIN)/pip install --quiet --disable-pip-version-check pyspark
	$(BIN)/pip freeze --exclude-editable | grep -E '^(py4j|pyspark)==' > requirements.spark.lock

clean: ## Remove .venv and what tools left behind
	rm -rf .venv build *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache

.PHONY: help install demo picture test test-abuse fuzz check format bench-btyd bench-quality bench-kinds bench-constants bench-campaign bench-coverage bench-monitoring bench-scale lock clean
