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
