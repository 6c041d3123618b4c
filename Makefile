# The table of contents: `make` alone lists what there is.

.DEFAULT_GOAL := help
.PHONY: help run test test-aws test-markdown test-limits test-limits-short test-browser test-browser-short test-faults test-faults-short test-openapi test-lambda-local test-containers test-deploy test-coverage fuzz check-fuzz lint lint-delivery type-check audit fix bench bench-short cost docs release set-githooks-path lambda-local build-lambda deploy-lambda

help: ## List these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-19s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: ## Build, and serve on http://127.0.0.1:8000 with the embedded store in ./data
	@cargo build --locked
	@echo
	@echo "  Open http://127.0.0.1:$${PORT:-8000} in a browser, or take the README's tour in another terminal:"
	@echo "  register, log in, publish, read. Data is in $${DATA_DIR:-./data}. Ctrl-C stops the server."
	@echo
	@exec cargo run --locked --quiet

test: ## Run every test that needs nothing but Rust
	cargo test --locked

test-aws: ## Run the API's tests on AWS's DynamoDB Local and under AWS's Lambda emulator
	scripts/test-aws.sh

# How many texts `make test-markdown` makes up.
RANDOM_TEXTS ?= 4000

test-markdown: ## Compare with Python-Markdown: that our reference is what it renders, and RANDOM_TEXTS made-up texts
	python3 -m pip install --quiet --target target/python markdown==3.7
	PYTHONPATH=target/python scripts/markdown-reference.py --check
	scripts/markdown-random.py $(RANDOM_TEXTS) \
	  | PYTHONPATH=target/python scripts/markdown-reference.py --texts >target/markdown-random.json
	cargo test --locked --test markdown -- --ignored random

test-browser: release ## Publish 1,800 harmful texts, and pictures, and look at them in a real browser; needs Chromium and ChromeDriver
	python3 -m pip install --quiet --target target/python pillow selenium
	PYTHONPATH=target/python python3 scripts/browser

test-browser-short: ## An eighth of that, on target/release/talelio-backend or another PROGRAM
	python3 -m pip install --quiet --target target/python pillow selenium
	PYTHONPATH=target/python python3 scripts/browser --short

test-limits: release ## Load the server with what clients can do to it, and check its memory and its manners; takes minutes; needs wrk
	python3 -m pip install --quiet --target target/python pillow
	PYTHONPATH=target/python python3 scripts/limits

test-limits-short: ## Half of that, on target/release/talelio-backend or another PROGRAM
	python3 -m pip install --quiet --target target/python pillow
	PYTHONPATH=target/python python3 scripts/limits --short

test-faults: release ## Let the stores, the mail server, the disk and the program fail, and check what is said and kept; takes most of an hour; needs Java
	python3 scripts/faults
	FLIPPED_BITS=260 cargo test --locked --lib flipped_bits

test-faults-short: ## A few minutes of that, on target/release/talelio-backend or another PROGRAM
	python3 scripts/faults --short

test-openapi: ## Check the server against its OpenAPI document with 2,000 requests (Schemathesis)
	scripts/test-openapi.sh

test-lambda-local: ## Run the main flow through `cargo lambda watch`
	scripts/test-lambda-local.sh

test-containers: ## Build the images, bring the whole deployment up and test it; needs Docker
	scripts/test-containers.sh

test-deploy: ## Deploy to a simulated ECS, and see that a bad deployment is rolled back
	scripts/test-deploy.sh

test-coverage: ## Run the tests and write target/coverage.xml (Cobertura); needs cargo-llvm-cov
	cargo llvm-cov --locked --cobertura --output-path target/coverage.xml

# How long `make fuzz` feeds each of its targets.
FUZZ_SECONDS ?= 60

fuzz: ## Feed what reads requests with made-up input, FUZZ_SECONDS for each of five parts; installs cargo-fuzz
	cargo test --locked --release --test markdown -- --ignored
	FUZZ_SECONDS=$(FUZZ_SECONDS) scripts/fuzz.sh

check-fuzz: ## Check that what `make fuzz` runs compiles, and its format
	cargo fmt --manifest-path fuzz/Cargo.toml --check
	cargo check --locked --manifest-path fuzz/Cargo.toml --target-dir target

lint: ## Check format and lints (rustfmt, clippy)
	cargo fmt --check
	cargo clippy --locked --all-targets -- --deny warnings

lint-delivery: ## Check templates, task definitions, workflows, Dockerfiles and scripts; needs shellcheck
	scripts/lint-delivery.sh

type-check: ## Check that everything compiles
	cargo check --locked --all-targets

audit: ## Check dependencies for advisories, and their licences; needs cargo-deny
	cargo deny --locked check

fix: ## Format, and apply the fixes that clippy suggests
	cargo fmt
	cargo clippy --fix --allow-dirty --allow-staged --all-targets

bench: release ## Measure the server beside NGINX and others, into docs/benchmarks.md; needs wrk, nginx, libvips, Java, npm
	cargo build --locked --release --example hello
	python3 -m pip install --quiet --target target/python pillow pyvips scikit-image
	PYTHONPATH=target/python python3 scripts/bench --write

bench-short: ## Measure the throughput alone, in two minutes, of target/release/talelio-backend or another PROGRAM; needs wrk, nginx
	python3 scripts/bench --short

cost: release ## Measure what requests cost in the store, and add up dollars, into docs/cost.md
	python3 scripts/bench/cost.py --write

docs: ## Write docs/api.md, docs/configuration.md and the README's table of routes from the program
	UPDATE_DOCS=1 cargo test --locked --bin talelio-backend the_docs_have

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
