# Each target is one line a person can read; what it does in detail stands in tests/tools.
.PHONY: help test check fmt pure mutants doc

help: ## List the targets
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/'

test: ## Install what is missing and run every test
	tests/tools/test.sh

check: ## What must hold before a change lands: format, lints, documentation, pure crates alone, tests
	tests/tools/check.sh

fmt: ## Format everything
	cargo fmt --all

doc: ## Build the documentation with its links checked
	RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --document-private-items

mutants: ## Mutation tests of the rules
	tests/tools/mutants.sh
