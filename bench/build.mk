# make bench: the same static program on Furca and on Debian's Linux, in instructions and in wall time.
#   make bench K="furca" M="icount" OPS="fork fork_1g"     some of it, without touching the result files
K   ?= furca linux lean
M   ?= icount wall
OPS ?=

$(BUILD)/bench/bench: bench/bench.c
	@mkdir -p $(@D)
	@echo "  CC  $<"
	@gcc -std=gnu2x -O2 -g0 -Wall -Wextra -Werror -Wno-unused-parameter -Wno-clobbered -static -s -pthread -o $@ $<
bench: $(BUILD)/furca-kernel $(BUILD)/bench/bench
	sh bench/run.sh -k "$(K)" -m "$(M)" $(OPS)
