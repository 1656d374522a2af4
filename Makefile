# Each target is one line a person can read; what it does in detail stands in tests/tools.
.PHONY: help demo test access check bench crash fuzz fmt mutants doc

help: ## List the targets
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/'

demo: ## Install what is missing, fill data/demo.db with a province to look at, and serve it
	tests/tools/setup.sh
	DATABASE_URL=$${DATABASE_URL:-sqlite://data/demo.db} cargo run --release --locked -p hege -- demo --serve

test: ## Install what is missing and run every test
	tests/tools/test.sh

access: ## Try every operation by every role, region, stage and organisation, and print the table
	cargo test --locked -p hege-tests --test api -- --nocapture whoever_asks

check: ## What must hold before a change lands: format, lints, documentation, pure crates alone, tests
	tests/tools/check.sh

fmt: ## Format everything
	cargo fmt --all

doc: ## Build the documentation with its links checked
	RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --document-private-items

bench: ## Measure the figures that the product is held to, beside the same statements sent raw
	tests/tools/bench.sh

crash: ## Kill server and database under load, twenty times each: nothing acknowledged may be lost or doubled
	HEGE_KILLS=$${HEGE_KILLS:-20} tests/tools/test.sh -p hege --test under_load -- --nocapture --test-threads 1

fuzz: ## Fuzz the API by its own document, as each role
	tests/tools/fuzz.sh

mutants: ## Mutation tests of the rules
	tests/tools/mutants.sh
