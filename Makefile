# SPDX-License-Identifier: Apache-2.0
# Part of iii, the worker registry, package manager and runtime.

# Two compilers at a time: more swap than they save.
JOBS ?= 2
SWIFT_BUILD = swift build -j $(JOBS)
# The standard library is linked in: the program starts faster and runs where no Swift is installed.
RELEASE = -c release --static-swift-stdlib -Xlinker -s

.PHONY: help demo test build release format check bench bootstrap docs library
.DEFAULT_GOAL := help

help: ## this list
	@sed -nE 's/^([a-z][a-z-]*):.*## (.*)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 17

demo: build ## the whole road on real input
	@$(SWIFT_BUILD) --product roman-numerals
	@$(SWIFT_BUILD) --product roman-dates
	@scripts/demo

test: check ## all checks and all tests, as CI runs them
	@scripts/fetch-machine-kernel
	@$(SWIFT_BUILD) --build-tests
	@scripts/check-dependencies
	@scripts/test
	@scripts/generate-docs --check

build: bootstrap ## the programs, for debugging
	@$(SWIFT_BUILD) --product iii
	@$(SWIFT_BUILD) --product iii-registry
	@$(SWIFT_BUILD) --product iii-guest

release: bootstrap ## the programs as users get them
	@$(SWIFT_BUILD) $(RELEASE) --product iii
	@$(SWIFT_BUILD) $(RELEASE) --product iii-registry
	@# Embedded Swift brings its own library.
	@$(SWIFT_BUILD) -c release --product iii-guest

dist: bootstrap-dist ## what people install, in dist/: archives, Debian packages, an image, checksums
	@scripts/dist

check: bootstrap-test ## what needs no build: layers, programs that tests start, formatting
	@scripts/check-layers
	@scripts/check-layers --self-test
	@scripts/check-imports
	@scripts/check-imports --self-test
	@scripts/check-tools
	@scripts/check-tools --self-test
	@scripts/check-dependencies --self-test
	@scripts/check-house
	@scripts/check-house --self-test
	@swift format lint --strict --parallel --recursive Sources Tests Examples Package.swift

library: bootstrap ## a package outside of this one that uses IIIWorker
	@scripts/check-library

format: bootstrap ## formats all Swift sources
	@swift format format --in-place --parallel --recursive Sources Tests Examples Package.swift

docs: build ## writes the references in docs/ from the programs
	@scripts/generate-docs

bench: bootstrap-bench release ## each benchmark beside its peer
	@$(SWIFT_BUILD) $(RELEASE) --product roman-numerals
	@$(SWIFT_BUILD) $(RELEASE) --product bench-unpack
	@$(SWIFT_BUILD) $(RELEASE) --product bench-linear
	@Benchmarks/run

bootstrap:
	@scripts/bootstrap

bootstrap-%:
	@scripts/bootstrap $*
