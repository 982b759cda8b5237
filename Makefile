# The targets people type. Presets are in CMakePresets.json, test suites in scripts/run_tests.py.
.DEFAULT_GOAL := help
.PHONY: help quickstart build test check test-long proof bench format clean
.NOTPARALLEL:

help:  ## this list
	@sed -n 's/^\([a-z-]*\):.*  ## /  make \1\t/p' Makefile | expand -t 22

# The program alone: needs no test package. ARGS are handed on, as in: make quickstart ARGS="--out /tmp/mine"
build:  ## install what is missing and build build/release/r1
	@scripts/setup build
	@cmake --preset release -DR1_TESTS=OFF --log-level=NOTICE
	@cmake --build --preset release --target r1

quickstart: build  ## build, then train a tiny R1-Zero from nothing and show it think
	@build/release/r1 quickstart $(ARGS)

test:  ## every test, on the release build
	@scripts/setup test
	@scripts/run_tests.py release

check:  ## before each commit: format of changed files, layers, unit tests
	@scripts/format --check
	@scripts/run_tests.py check

test-long:  ## sanitizers, Clang, more fuzzing
	@scripts/setup test
	@scripts/run_tests.py asan tsan clang fuzz

proof: build  ## the long proofs of tests/proof, by hand
	@scripts/run_folder tests/proof

bench: build  ## the benchmarks of bench/
	@scripts/run_folder bench

format:  ## rewrite C++ files in the house style
	@scripts/setup test
	@scripts/format

clean:  ## remove build/
	rm -rf build
