// Unit tests of the command line.
#include "options.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

static int parse(struct options *o, int argc, const char **argv) {
	return options_parse(o, argc, (char **)argv);
}
#define PARSE(o, ...)                                                                                                  \
	parse(o, sizeof((const char *[]){ __VA_ARGS__ }) / sizeof(char *), (const char *[]){ __VA_ARGS__, NULL })

static void options_have_defaults(void **state) {
	(void)state;
	struct options o;
	assert_int_equal(PARSE(&o, "furca", "run", "true"), 0);
	assert_int_equal(o.memory_mb, 512);
	assert_int_equal(o.cpus, 1);
	assert_int_equal(o.machine, MACHINE_MICROVM);
	assert_int_equal(o.accel, ACCEL_AUTO);
	assert_string_equal(o.program[0], "true");
	assert_null(o.program[1]);
	options_drop(&o);
}

static void options_end_at_the_program(void **state) {
	(void)state;
	struct options o;
	assert_int_equal(PARSE(&o, "furca", "run", "-m", "1G", "ls", "-m", "--help"), 0);
	assert_int_equal(o.memory_mb, 1024);
	assert_string_equal(o.program[1], "-m");
	assert_string_equal(o.program[2], "--help");
	options_drop(&o);
	assert_int_equal(PARSE(&o, "furca", "run", "--", "-odd", "--"), 0);
	assert_string_equal(o.program[0], "-odd");
	assert_string_equal(o.program[1], "--");
	options_drop(&o);
}

static void options_take_values_both_ways(void **state) {
	(void)state;
	struct options o;
	assert_int_equal(
		PARSE(&o, "furca", "run", "-m64", "--cpus=3", "--with=a", "--with", "b", "-eA=1", "-e", "B",
			"--timeout=0.5", "--machine=q35", "--accel", "tcg", "--qemu", "-s", "--deterministic", "x"),
		0);
	assert_int_equal(o.memory_mb, 64);
	assert_int_equal(o.cpus, 3);
	assert_int_equal(o.with.count, 2);
	assert_string_equal(o.with.items[1], "b");
	assert_string_equal(o.env.items[0], "A=1");
	assert_string_equal(o.env.items[1], "B");
	assert_string_equal(o.qemu.items[0], "-s");
	assert_true(o.timeout_s > 0.49 && o.timeout_s < 0.51);
	assert_int_equal(o.machine, MACHINE_Q35);
	assert_true(o.deterministic);
	options_drop(&o);
}

static void options_that_are_wrong_are_refused(void **state) {
	(void)state;
	static const char *const wrong[][2] = { { "--nope", "x" }, { "-m", "0" }, { "-m", "12K" }, { "-m", "-5" },
		{ "--cpus", "0" }, { "--cpus", "1x" }, { "--timeout", "0" }, { "--timeout", "nan" },
		{ "--timeout", "5s" }, { "--machine", "pc" }, { "--accel", "hvf" }, { "-w", "rel" }, { "-e", "=x" },
		{ "-e", "" }, { "--verbosely", "x" }, { "--gdb=1", "x" }, { "--modules", "/x" } };
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct options o;
		assert_int_equal(PARSE(&o, "furca", "run", wrong[i][0], wrong[i][1], "true"), EXIT_TOOL);
		options_drop(&o);
	}
	struct options o;
	assert_int_equal(PARSE(&o, "furca"), EXIT_TOOL);
	assert_int_equal(PARSE(&o, "furca", "walk"), EXIT_TOOL);
	assert_int_equal(PARSE(&o, "furca", "run"), EXIT_TOOL);
	assert_int_equal(PARSE(&o, "furca", "run", "--with"), EXIT_TOOL);
	assert_int_equal(PARSE(&o, "furca", "run", ""), EXIT_NOT_FOUND);
}

static void bench_options_stand_anywhere(void **state) {
	(void)state;
	struct options o;
	assert_int_equal(PARSE(&o, "furca", "bench"), 0);
	assert_int_equal(o.command, COMMAND_BENCH);
	assert_null(o.program[0]);
	assert_int_equal(o.bench.samples, 5);
	assert_int_equal(o.memory_mb, 0);
	options_drop(&o);
	assert_int_equal(PARSE(&o, "furca", "bench", "fork", "--kernels", "furca, lean", "growth", "--mode=wall",
				 "--samples=7", "-m2G", "--linux", "L", "--kernel", "K", "--raw", "--output", "D"),
		0);
	assert_string_equal(o.program[0], "fork");
	assert_string_equal(o.program[1], "growth");
	assert_null(o.program[2]);
	assert_int_equal(o.bench.kernels, 1u << BENCH_FURCA | 1u << BENCH_LEAN);
	assert_int_equal(o.bench.modes, 1u << BENCH_WALL);
	assert_int_equal(o.bench.samples, 7);
	assert_int_equal(o.memory_mb, 2048);
	assert_string_equal(o.bench.peer, "L");
	assert_string_equal(o.kernel, "K");
	assert_true(o.bench.raw);
	options_drop(&o);
	static const char *const wrong[][2] = { { "--with", "x" }, { "--samples", "52" }, { "--kernels", "" },
		{ "--kernels", "furca,bsd" }, { "--mode", "," }, { "--raw=1", "x" }, { "-e", "A=1" } };
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_int_equal(PARSE(&o, "furca", "bench", wrong[i][0], wrong[i][1], "fork"), EXIT_TOOL);
	assert_int_equal(PARSE(&o, "furca", "bench", "--accel", "kvm", "--mode", "icount,wall"), EXIT_TOOL);
	assert_int_equal(PARSE(&o, "furca", "run", "--raw", "true"), EXIT_TOOL);
}

static void options_ask_for_help_and_version(void **state) {
	(void)state;
	struct options o;
	static const char *const help[] = { "help", "--help", "-h" };
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(PARSE(&o, "furca", help[i]), 0);
		assert_int_equal(o.command, COMMAND_HELP);
	}
	assert_int_equal(PARSE(&o, "furca", "run", "--help"), 0);
	assert_int_equal(o.command, COMMAND_HELP);
	assert_int_equal(PARSE(&o, "furca", "--version"), 0);
	assert_int_equal(o.command, COMMAND_VERSION);
}

static void sizes_are_megabytes(void **state) {
	(void)state;
	assert_int_equal(size_parse_mb("16"), 16);
	assert_int_equal(size_parse_mb("16M"), 16);
	assert_int_equal(size_parse_mb("2g"), 2048);
	assert_int_equal(size_parse_mb(""), 0);
	assert_int_equal(size_parse_mb("M"), 0);
	assert_int_equal(size_parse_mb("1MB"), 0);
	assert_int_equal(size_parse_mb("99999999999999999999"), 0);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(options_have_defaults),
		cmocka_unit_test(options_end_at_the_program),
		cmocka_unit_test(options_take_values_both_ways),
		cmocka_unit_test(options_that_are_wrong_are_refused),
		cmocka_unit_test(bench_options_stand_anywhere),
		cmocka_unit_test(options_ask_for_help_and_version),
		cmocka_unit_test(sizes_are_megabytes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
