# The host tool and the VM's init: build/furca, build/furca-init, build/furca.1; their unit tests; make install, make run.

CLI_OBJ   := $(BUILD)/cli
CLI_SRCS  := $(sort $(filter-out %_test.c,$(wildcard cli/*.c)))
CLI_TESTS := $(sort $(wildcard cli/*_test.c))
INIT_SRCS := $(sort $(wildcard cli/init/*.c))
CLI_FLAGS := -std=gnu2x -D_GNU_SOURCE -DFURCA_VERSION='"$(VERSION)"' -Wall -Wextra -Werror -Wvla -Wstrict-prototypes \
             -Wmissing-prototypes -MMD -MP -g
CLI_LIBS  := -larchive

all: $(BUILD)/furca $(BUILD)/furca-init $(BUILD)/furca.1

$(CLI_OBJ)/%.o: cli/%.c
	@mkdir -p $(@D)
	@echo "  CC  $<"
	@$(CC_HOST) $(CLI_FLAGS) -O2 -c -o $@ $<
$(BUILD)/furca: $(CLI_SRCS:cli/%.c=$(CLI_OBJ)/%.o)
	@echo "  LD  $@"
	@$(CC_HOST) -o $@ $^ $(CLI_LIBS)

# Static and small: it is unpacked and started anew on each run.
$(BUILD)/furca-init: $(INIT_SRCS) cli/init/init.h cli/protocol.h
	@mkdir -p $(@D)
	@echo "  LD  $@"
	@musl-gcc -static -s -Os -std=gnu2x -Wall -Wextra -Werror -ffunction-sections -fdata-sections -Wl,--gc-sections \
		-Wl,-z,noseparate-code -o $@ $(INIT_SRCS)

$(BUILD)/furca.1: docs/furca.1.scd
	@mkdir -p $(@D)
	@scdoc < $< > $@.new && mv $@.new $@

# --- unit tests of the parts that need no terminal, under the address and undefined-behaviour sanitizers ---

CLI_TOBJ  := $(CLI_OBJ)/asan
CLI_TSAN  := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
CLI_TLIBS := $(patsubst cli/%.c,$(CLI_TOBJ)/%.o,$(filter-out cli/main.c,$(CLI_SRCS)))
CLI_TBINS := $(CLI_TESTS:cli/%.c=$(CLI_TOBJ)/%)

.PHONY: cli-test samples cli-vm-test
cli-test: $(CLI_TBINS)
	@status=0; for t in $(CLI_TBINS); do CMOCKA_MESSAGE_OUTPUT=TAP $$t 2>&1 || status=1; done; exit $$status

$(CLI_TOBJ)/%.o: cli/%.c
	@mkdir -p $(@D)
	@echo "  CC  $< (sanitized)"
	@$(CC_HOST) $(CLI_FLAGS) $(CLI_TSAN) -O1 -c -o $@ $<
$(CLI_TBINS): %: %.o $(CLI_TLIBS)
	@echo "  LD  $@"
	@$(CC_HOST) $(CLI_TSAN) -o $@ $^ $(CLI_LIBS) -lcmocka
.SECONDARY: $(CLI_TBINS:=.o) $(CLI_TLIBS)

# --- tests of the tool in a VM; FURCA_KERNEL=FILE picks another kernel ---

CLI_VM_TESTS := $(sort $(wildcard tests/vm/cli_*.sh))
$(BUILD)/tests/pty_expect: tests/vm/pty_expect.c
	@mkdir -p $(@D)
	@$(CC_HOST) -std=gnu2x -D_GNU_SOURCE -O1 -Wall -Wextra -Werror -o $@ $< -lutil
cli-vm-test: all samples $(BUILD)/tests/pty_expect
	@status=0; for t in $(CLI_VM_TESTS); do sh $$t || status=1; done; exit $$status

# --- the samples of the texts that Furca follows, compiled as they are ---

SAMPLES := helloworld fork_exec_helloworld copy_on_write threads
SAMPLE_FLAGS := -std=gnu17 -O1 -w -pthread
samples: $(SAMPLES:%=$(BUILD)/samples/%) $(SAMPLES:%=$(BUILD)/samples/dynamic/%) $(BUILD)/samples/demo
$(BUILD)/samples/%: tests/vm/samples/%.c
	@mkdir -p $(@D)
	@gcc $(SAMPLE_FLAGS) -static -o $@ $<
$(BUILD)/samples/dynamic/%: tests/vm/samples/%.c
	@mkdir -p $(@D)
	@gcc $(SAMPLE_FLAGS) -o $@ $<
$(BUILD)/samples/demo: tests/vm/samples/demo.sh
	@mkdir -p $(@D)
	@cp $< $@ && chmod +x $@

# A fresh machine has no compiler yet: each step is a make of its own.
# How the last command in the shell ended is no concern of make's.
run:
	@$(MAKE) --no-print-directory setup
	@$(MAKE) --no-print-directory all samples
	@if [ -t 0 ] && [ -t 1 ]; then program=sh; else program=demo; fi; \
	cd $(BUILD)/samples && if [ $$program = sh ]; then ../furca run -w /samples --with . busybox sh || [ $$? -lt 124 ]; \
	else exec ../furca run -w /samples --with . busybox sh demo < /dev/null; fi

install: all
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/lib/furca $(DESTDIR)$(PREFIX)/share/man/man1
	install -m 755 $(BUILD)/furca $(DESTDIR)$(PREFIX)/bin/furca
	install -m 644 $(BUILD)/furca-kernel $(DESTDIR)$(PREFIX)/lib/furca/furca-kernel
	install -m 755 $(BUILD)/furca-init $(BUILD)/furca-bench $(BUILD)/furca-plot $(DESTDIR)$(PREFIX)/lib/furca
	install -m 644 $(BUILD)/furca.1 $(DESTDIR)$(PREFIX)/share/man/man1/furca.1

-include $(wildcard $(CLI_OBJ)/*.d $(CLI_TOBJ)/*.d)
