# Each target is one line a person can read; what it does in detail stands in tests/tools.
.PHONY: help demo test check bench fuzz fmt mutants doc

help: ## List the targets
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/'

demo: ## Install what is missing, fill data/demo.db with a province to look at, and serve it
	tests/tools/setup.sh
	DATABASE_URL=$${DATABASE_URL:-sqlite://data/demo.db} cargo run --release --locked -p hege -- demo --serve

test: ## Install what is missing and run every test
	tests/tools/test.sh

check: ## What must hold before a change lands: format, lints, documentation, pure crates alone, tests
	tests/tools/check.sh

fmt: ## Format everything
	cargo fmt --all

doc: ## Build the documentation with its links checked
	RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --document-private-items

bench: ## Measure the figures of docs/OPERATIONS.md beside the same statements sent raw
	tests/tools/bench.sh

fuzz: ## Fuzz the API by its own document, as each role
	tests/tools/fuzz.sh

mutants: ## Mutation tests of the rules
	tests/tools/mutants.sh
