# Documents that are made. `make coverage` writes docs/coverage.md; `make coverage-check` fails if it is not up to date.
.PHONY: coverage coverage-check
coverage:
	sh tools/gen_coverage.sh > docs/coverage.md
coverage-check:
	@sh tools/gen_coverage.sh | cmp -s - docs/coverage.md || { echo "docs/coverage.md is old: run make coverage"; exit 1; }
