# The table of contents: `make` alone lists what there is.

.DEFAULT_GOAL := help
.PHONY: help run test test-durability test-aws test-markdown test-openapi lint fix readme release

help: ## List these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: ## Build, and serve on http://127.0.0.1:8000 with the embedded store in ./data
	@cargo build --locked
	@echo
	@echo "  Serving on http://127.0.0.1:$${PORT:-8000}, data in $${DATA_DIR:-./data}. Ctrl-C stops it."
	@echo "  Next, in another terminal:   curl http://127.0.0.1:$${PORT:-8000}/v1/health"
	@echo "  Then take the README's tour: register, log in, publish, read."
	@echo
	@exec cargo run --locked --quiet

test: ## Run every test that needs nothing but Rust
	cargo test --locked

test-durability: ## Kill the server 200 times while it writes, and look for what it acknowledged
	TALELIO_DURABILITY_ROUNDS=200 cargo test --locked --test api survives_a_kill

test-aws: ## Run the API's tests on AWS's DynamoDB Local and under AWS's Lambda emulator
	scripts/test-aws.sh

test-markdown: ## Look whether Python-Markdown still says what our rendering is compared with
	python3 -m pip install --quiet --target target/python markdown==3.7
	PYTHONPATH=target/python scripts/markdown-reference.py --check

test-openapi: ## Look whether the server is what its OpenAPI document says, with 2,000 requests
	scripts/test-openapi.sh

lint: ## Check the format, and everything that clippy knows
	cargo fmt --check
	cargo clippy --locked --all-targets -- --deny warnings

fix: ## Format, and apply what clippy can mend
	cargo fmt
	cargo clippy --fix --allow-dirty --allow-staged --all-targets

readme: ## Write the README's reference of the API anew
	UPDATE_README=1 cargo test --locked --bin talelio-backend the_readme_has_every_route

release: ## Build the optimised program, target/release/talelio-backend
	cargo build --locked --release
