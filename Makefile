# Furca: the one Makefile. Each part of the house brings its own rules in a build.mk;
# the kernel's sources are found by folder, so a new file needs no edit here.
#
#   make            build/furca (the host tool), build/furca-kernel, build/furca-init
#   make run        set up, build, boot a shell in the VM
#   make test       set up, build, run the quick tests;   make test-full: every test
#   make selftests  Linux's own tests on Linux and on Furca; the counts go to docs/coverage.md
#   make bench      the same program on Furca and on Debian's Linux; also bench-deferred, bench-growth
#   make install    DESTDIR and PREFIX are honoured
#   DEBUG=y         the checking build (its objects live in build/debug)

.DEFAULT_GOAL := all
ARCH   ?= x86_64
PREFIX ?= /usr/local
VERSION := 0.1.0
BUILD  := build
CC_HOST := clang
DEBUG  ?= n

include tools/kernel.mk
include tools/kernel-unit.mk
-include $(sort $(wildcard cli/build.mk tests/build.mk bench/build.mk docs/build.mk))

.PHONY: all setup run test test-full bench install clean
all: kernel
setup:
	sh tools/setup.sh
clean:
	rm -rf $(BUILD)
