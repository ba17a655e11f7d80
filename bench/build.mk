# make bench: the same static program on Furca and on Debian's Linux, in instructions and in wall time, by `furca bench`.
#   make bench K="furca" M="icount" OPS="fork fork_1g"     some of it, without touching the result files
#   make bench-deferred bench-growth                       what a lazy fork leaves for later; fork over what the parent has
#   make bench-start                    from QEMU's start to the first user instruction, beside QEMU's own floor
K   ?= furca linux lean
M   ?= icount wall
OPS ?=
BENCH_SRCS := $(sort $(filter-out bench/profile.c,$(wildcard bench/*.c)))

all: $(BUILD)/furca-bench $(BUILD)/furca-plot

$(BUILD)/furca-bench: $(BENCH_SRCS) bench/bench.h
	@mkdir -p $(@D)
	@echo "  LD  $@"
	@gcc -std=gnu2x -O2 -g0 -Wall -Wextra -Werror -Wno-unused-parameter -Wno-clobbered -Wno-missing-field-initializers \
		-static -s -pthread -o $@ $(BENCH_SRCS)
$(BUILD)/furca-plot: bench/plot.sh
	@mkdir -p $(@D)
	@install -m 755 $< $@

.PHONY: bench-deferred bench-growth bench-start
bench: all
	@sh bench/run.sh -k "$(K)" -m "$(M)" $(OPS)
bench-deferred bench-growth: bench-%: all
	@sh bench/run.sh -k "$(K)" -m "$(M)" $*
bench-start: $(BUILD)/furca-kernel
	@sh bench/start.sh
