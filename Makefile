# One command sets up and shows, one tests, one measures. Everything lives in .venv and var/ of this folder.

ARGS ?=

.PHONY: demo test lint bench format screenshots audit clean

demo: ## Sekretar, a calendar server and the Mattermost sandbox, with sample data (ARGS=--fresh starts over)
	@scripts/env run
	@.venv/bin/sekretar demo $(ARGS)

test: ## everything that proves the product: linters, types, house rules, tests against real peers
	@scripts/env dev
	@scripts/peers
	@$(MAKE) --no-print-directory lint
	@scripts/test $(ARGS)

lint:
	@scripts/env dev
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy
	.venv/bin/lint-imports

format:
	@scripts/env dev
	.venv/bin/ruff check --fix .
	.venv/bin/ruff format .

bench: ## speed and memory as ratios to a floor measured in the same run
	@scripts/env dev
	.venv/bin/python -m benchmarks $(ARGS)

screenshots: ## the pictures of the README, taken by the browser tests
	@scripts/env dev
	@scripts/peers
	SEKRETAR_SCREENSHOTS=docs/images .venv/bin/python -m pytest -q tests/browser/test_product.py

audit: ## known holes in the locked libraries (asks the advisory database)
	@scripts/env dev
	.venv/bin/pip-audit --require-hashes --disable-pip -r requirements.lock

clean:
	rm -rf .venv var build dist
