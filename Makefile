# SPDX-License-Identifier: Apache-2.0
# Part of iii, the worker registry, package manager and runtime.

# Two compilers at a time: more swap than they save.
JOBS ?= 2
SWIFT_BUILD = swift build -j $(JOBS)
# The standard library is linked in: the program starts faster and runs where no Swift is installed.
RELEASE = -c release --static-swift-stdlib -Xlinker -s

.PHONY: demo test build release format check bench bootstrap docs library

demo: build
	@$(SWIFT_BUILD) --product roman-numerals
	@$(SWIFT_BUILD) --product roman-dates
	@scripts/demo

test: check
	@scripts/fetch-machine-kernel
	@$(SWIFT_BUILD) --build-tests
	@scripts/test
	@scripts/generate-docs --check

build: bootstrap
	@$(SWIFT_BUILD) --product iii
	@$(SWIFT_BUILD) --product iii-registry
	@$(SWIFT_BUILD) --product iii-guest

release: bootstrap
	@$(SWIFT_BUILD) $(RELEASE) --product iii
	@$(SWIFT_BUILD) $(RELEASE) --product iii-registry
	@# Embedded Swift brings its own library.
	@$(SWIFT_BUILD) -c release --product iii-guest

check: bootstrap-test
	@scripts/check-layers
	@scripts/check-layers --self-test
	@scripts/check-tools
	@scripts/check-tools --self-test
	@swift format lint --strict --parallel --recursive Sources Tests Examples Package.swift

library: bootstrap
	@scripts/check-library

format: bootstrap
	@swift format format --in-place --parallel --recursive Sources Tests Examples Package.swift

docs: build
	@scripts/generate-docs

bench: bootstrap-bench release
	@$(SWIFT_BUILD) $(RELEASE) --product roman-numerals
	@$(SWIFT_BUILD) $(RELEASE) --product bench-unpack
	@Benchmarks/run

bootstrap:
	@scripts/bootstrap

bootstrap-%:
	@scripts/bootstrap $*
