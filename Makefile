# The table of contents: `make` alone lists what there is.

.DEFAULT_GOAL := help
.PHONY: help run test test-durability test-aws test-markdown test-openapi test-lambda-local test-containers test-deploy test-coverage lint lint-delivery type-check audit fix bench bench-short cost readme release set-githooks-path lambda-local build-lambda deploy-lambda

help: ## List these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-19s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

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
	TALELIO_DURABILITY_ROUNDS=200 cargo test --locked --test handlers survives_a_kill

test-aws: ## Run the API's tests on AWS's DynamoDB Local and under AWS's Lambda emulator
	scripts/test-aws.sh

test-markdown: ## Look whether Python-Markdown still says what our rendering is compared with
	python3 -m pip install --quiet --target target/python markdown==3.7
	PYTHONPATH=target/python scripts/markdown-reference.py --check

test-openapi: ## Look whether the server is what its OpenAPI document says, with 2,000 requests
	scripts/test-openapi.sh

test-lambda-local: ## Take the main flow through `cargo lambda watch`
	scripts/test-lambda-local.sh

test-containers: ## Build the images, bring the whole deployment up and look at it; needs Docker
	scripts/test-containers.sh

test-deploy: ## Deploy to an ECS that is only played, and see that a bad deployment goes back
	scripts/test-deploy.sh

test-coverage: ## Run the tests and write target/coverage.xml (Cobertura); needs cargo-llvm-cov
	cargo llvm-cov --locked --cobertura --output-path target/coverage.xml

lint: ## Check the format, and everything that clippy knows
	cargo fmt --check
	cargo clippy --locked --all-targets -- --deny warnings

lint-delivery: ## Check templates, task definitions, workflows, Dockerfiles and scripts; needs shellcheck
	scripts/lint-delivery.sh

type-check: ## Check that everything compiles
	cargo check --locked --all-targets

audit: ## Look for known faults in dependencies, and at their licences; needs cargo-deny
	cargo deny --locked check

fix: ## Format, and apply what clippy can mend
	cargo fmt
	cargo clippy --fix --allow-dirty --allow-staged --all-targets

bench: release ## Measure the server beside NGINX and others, into docs/benchmarks.md; needs wrk, nginx, Java, npm
	cargo build --locked --release --example hello
	python3 scripts/bench --write

bench-short: ## A minute of that, for CI, on target/release/talelio-backend or another PROGRAM; needs wrk and nginx
	python3 scripts/bench --short

cost: release ## Measure what requests cost in the store, and add up dollars, into docs/cost.md
	python3 scripts/bench/cost.py --write

readme: ## Write the README's reference of the API anew
	UPDATE_README=1 cargo test --locked --bin talelio-backend the_readme_has_every_route

release: ## Build the optimised program, target/release/talelio-backend
	cargo build --locked --release

set-githooks-path: ## Check format and lints before each commit
	git config core.hooksPath .githooks

lambda-local: ## Serve as a Lambda function on http://127.0.0.1:9000; needs cargo-lambda (pip install cargo-lambda)
	cargo lambda watch --bin talelio-backend

build-lambda: ## Build the function for AWS, target/lambda/talelio-backend; needs cargo-lambda
	cargo lambda build --release --locked --arm64 --bin talelio-backend

# What `sam deploy` is to know; by hand, it asks.
SAM_DEPLOY ?= --guided

deploy-lambda: ## Build the function and deploy template.yaml; needs cargo-lambda and sam
	sam build --beta-features
	sam deploy $(SAM_DEPLOY)
