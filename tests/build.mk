# The user-space tests: static programs, one a file of tests/user/AREA/, built with glibc and, where marked, with musl too.
#   test-user-native   on this host's own kernel (as root)
#   test-user-linux    on Debian's Linux in the VM: the oracle
#   test-user          on Furca, with the tests in tests/user/furca/ for what only Furca has
# Each runs tests/user/runner.c over the folder; T="AREA/NAME ..." picks programs.

BUILD      ?= build
# Every folder is an area.
TEST_AREAS := $(filter-out furca,$(patsubst tests/user/%/,%,$(wildcard tests/user/*/))) ptrace
TEST_SRCS  := $(sort $(foreach a,$(TEST_AREAS),$(wildcard tests/user/$(a)/*.c)))
TEST_BINS  := $(patsubst tests/user/%.c,$(BUILD)/tests/user/%,$(TEST_SRCS))
# What only Furca has: live-object counts and failing allocations.
TEST_FURCA := $(patsubst tests/user/%.c,$(BUILD)/tests/%,$(sort $(wildcard tests/user/furca/*.c)))
# The musl set: what leans on the C library's own start, threads, signals and exec.
TEST_MUSL  := $(filter tests/user/thread/% tests/user/exec/% tests/user/signal/% tests/user/fork/% tests/user/cow/%,$(TEST_SRCS))
TEST_MBINS := $(patsubst tests/user/%.c,$(BUILD)/tests/user-musl/%,$(TEST_MUSL))
TEST_CFLAGS := -std=gnu2x -D_GNU_SOURCE -O1 -g -fno-strict-aliasing -Wall -Wextra -Werror -Wno-unused-parameter -Wno-format-truncation -Wno-clobbered -Wno-nonnull -Wno-stringop-overread -Wno-stringop-overflow -Itests/user
TEST_HDRS  := $(wildcard tests/user/*.h)
RUNNER     := $(BUILD)/tests/runner
MEMORY     ?= 512

# Every system call's addresses, bad in every way: the list of calls is made from the kernel's own.
POINTERS := $(BUILD)/tests/bad_pointers
$(BUILD)/tests/gen/calls.h: syscall/syscalls.tbl tests/pointers/gen.sh
	@mkdir -p $(@D)
	@sh tests/pointers/gen.sh $< > $@
$(POINTERS): tests/pointers/bad_pointers.c $(BUILD)/tests/gen/calls.h
	@echo "  CC  $<"
	@gcc -std=gnu2x -O1 -g -Wall -Wextra -Werror -static -I$(BUILD)/tests/gen -o $@ $<

# What /proc and getrusage say of processes, step by step: tests/vm/account.sh.
ACCOUNT := $(BUILD)/tests/account
$(ACCOUNT): $(wildcard tests/account/*.c) tests/account/account.h
	@mkdir -p $(@D)
	@echo "  CC  tests/account"
	@gcc -std=gnu2x -O1 -g -Wall -Wextra -Werror -Wno-format-truncation -Wno-missing-field-initializers -static -pthread -o $@ $(filter %.c,$^)

# Random programs of process calls, the same on each run: tests/differ/run.sh.
DIFFER := $(BUILD)/tests/differ
$(DIFFER): $(wildcard tests/differ/*.c) tests/differ/differ.h tests/user/sched_attr.h
	@mkdir -p $(@D)
	@echo "  CC  tests/differ"
	@gcc -std=gnu2x -D_GNU_SOURCE -O1 -g -fno-stack-protector -Wall -Wextra -Werror -Wno-format-truncation -static -o $@ $(filter %.c,$^)

# Hostile programs: tests/fuzz/run.sh.
FUZZ := $(BUILD)/tests/fuzz
$(FUZZ): $(wildcard tests/fuzz/*.c) tests/fuzz/fuzz.h tests/fuzz/calls.sh syscall/syscalls.tbl
	@mkdir -p $(BUILD)/tests/gen
	@echo "  CC  tests/fuzz"
	@sh tests/fuzz/calls.sh syscall/syscalls.tbl > $(BUILD)/tests/gen/all_calls.h
	@gcc -std=gnu2x -D_GNU_SOURCE -O1 -g -Wall -Wextra -Werror -Wno-format-truncation -Wno-unused-result -I$(BUILD)/tests/gen -static -o $@ $(filter %.c,$^)

.PHONY: tests test-user test-user-debug test-user-native test-user-linux
tests: $(RUNNER) $(TEST_BINS) $(TEST_MBINS) $(TEST_FURCA) $(POINTERS) $(ACCOUNT) $(DIFFER) $(FUZZ)

$(RUNNER): tests/user/runner.c
	@mkdir -p $(@D)
	@echo "  CC  $<"
	@gcc -std=gnu2x -O1 -g -Wall -Wextra -Werror -static -s -o $@ $<
$(BUILD)/tests/user/%: tests/user/%.c $(TEST_HDRS)
	@mkdir -p $(@D)
	@echo "  CC  $<"
	@gcc $(TEST_CFLAGS) -static -pthread -o $@ $<
$(BUILD)/tests/furca/%: tests/user/furca/%.c $(TEST_HDRS)
	@mkdir -p $(@D)
	@echo "  CC  $<"
	@gcc $(TEST_CFLAGS) -Wno-missing-field-initializers -static -pthread -o $@ $<
# musl's wrapper hides the kernel's headers: they are looked for last.
$(BUILD)/tests/user-musl/%: tests/user/%.c $(TEST_HDRS)
	@mkdir -p $(@D)
	@echo "  CC  $< (musl)"
	@musl-gcc $(TEST_CFLAGS) -static -pthread -idirafter /usr/include -idirafter /usr/include/x86_64-linux-gnu -o $@ $<

T ?=
test-user-native: $(RUNNER) $(TEST_BINS) $(TEST_MBINS)
	@cd $(BUILD)/tests && ./runner -v $(or $(addprefix user/,$(T)),user user-musl)
test-user-linux: $(RUNNER) $(TEST_BINS) $(TEST_MBINS)
	@sh tests/user/vm.sh -m $(MEMORY) linux $(T)
test-user: $(RUNNER) $(TEST_BINS) $(TEST_MBINS) $(TEST_FURCA)
	@sh tests/user/vm.sh -m $(MEMORY) furca $(T)
# The checking build: what it asserts is half of the test.
test-user-debug: $(RUNNER) $(TEST_BINS) $(TEST_MBINS) $(TEST_FURCA)
	@$(MAKE) --no-print-directory DEBUG=y kernel
	@KERNEL=$(BUILD)/furca-kernel-debug sh tests/user/vm.sh -m $(MEMORY) furca $(T)

# Ten minutes of processes that share page tables on four CPUs, on the checking build too; SOAK=SECONDS.
SOAK ?= 600
.PHONY: soak
soak: $(RUNNER) $(BUILD)/tests/user/stress/tree $(BUILD)/furca-kernel
	@EACH=$$(($(SOAK) + 120)) KARGS="FURCA_STRESS_SECONDS=$(SOAK)" sh tests/user/vm.sh -c 4 -t $$(($(SOAK) + 200)) furca stress/tree
	@$(MAKE) --no-print-directory DEBUG=y kernel
	@EACH=$$(($(SOAK) + 120)) KARGS="FURCA_STRESS_SECONDS=$(SOAK)" KERNEL=$(BUILD)/furca-kernel-debug sh tests/user/vm.sh -c 4 \
		-t $$(($(SOAK) + 200)) furca stress/tree

# stress-ng's stressors on four CPUs, STRESS_SECONDS each; STRESSORS="fork mmap": those alone. KERNEL=FILE: another kernel.
STRESS_SECONDS ?= 60
STRESSORS ?=
.PHONY: stress-ng
stress-ng: all
	@STRESS_SECONDS=$(STRESS_SECONDS) FURCA_KERNEL=$(if $(KERNEL),$(abspath $(KERNEL))) sh tests/stress-ng/run.sh $(STRESSORS)

# make test sets up what is missing, builds, and runs the quick set; the last line is the sum. A fresh machine has no compiler
# yet: each step is a make of its own. tests/run.sh has the list of parts, each of which it also runs alone.
test:
	@$(MAKE) --no-print-directory setup
	@sh tests/run.sh quick
test-full:
	@sh tools/setup.sh more
	@sh tests/run.sh full

# Linux's own tests, built from Debian's source packages and run in the VM on both kernels; the counts go to docs/coverage.md.
.PHONY: selftests
selftests:
	@sh tools/setup.sh more
	@$(MAKE) --no-print-directory all
	@sh tests/selftests/build.sh
	@sh tests/selftests/run.sh linux $(T)
	@sh tests/selftests/run.sh furca $(T)
	@sh tests/selftests/table.sh > $(BUILD)/selftests/table && cp $(BUILD)/selftests/table docs/coverage.selftests
	@$(MAKE) --no-print-directory coverage
