// Unit tests of the tables of furca bench.
#include "bench.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static const char list[] = "basic fork ticks fork() in the parent\nbasic bytes_per_child bytes memory\n"
			   "growth regions:N ticks regions (VMAs)\n";

static struct options options = { .cpus = 1, .bench = { .samples = 5 } };

static void bench_start(struct bench *b) {
	*b = (struct bench){ .o = &options, .kernels = 7, .modes = 3 };
	b->kernel[BENCH_LINUX] = b->kernel[BENCH_LEAN] = (struct kernel){ .is_linux = true };
	b->kernel[BENCH_LINUX].release = text_copy("6.1.0-9-cloud");
	b->kernel[BENCH_LEAN].release = text_copy("6.1.0-9-cloud");
	assert_true(bench_list_parse(b, list));
	assert_int_equal(b->op_count, 3);
}

static void holds(const char *text, const char *part) {
	if (strstr(text, part) == NULL)
		fail_msg("'%s' is not in:\n%s", part, text);
}

static void lists_are_read(void **state) {
	(void)state;
	struct bench b;
	bench_start(&b);
	assert_string_equal(b.ops[0].what, "fork() in the parent");
	assert_true(b.ops[1].is_bytes);
	assert_ptr_equal(bench_op_find(&b, "regions:10"), &b.ops[2]);
	assert_ptr_equal(bench_op_find(&b, "fork"), &b.ops[0]);
	assert_null(bench_op_find(&b, "for"));
	assert_null(bench_op_find(&b, "forks"));
	assert_null(bench_op_find(&b, "fork:1"));
	assert_null(bench_op_find(&b, "regions:"));
	assert_null(bench_op_find(&b, "regions:1x"));
	bench_drop(&b);
	struct bench broken = { 0 };
	assert_false(bench_list_parse(&broken, "basic fork\n"));
	assert_false(bench_list_parse(&broken, ""));
	bench_drop(&broken);
}

static void lines_that_are_no_figures_are_left(void **state) {
	(void)state;
	struct bench b;
	bench_start(&b);
	static const char *const wrong[] = { "", "end", "fork", "fork 1 2", "fork 1 2 x", "fork -1 2 3", "walk 1 2 3",
		"regions: 1 2 3", "regions:x 1 2 3", "fork 1 2 3 4", "[    0.1] Linux version 6" };
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_false(figure_take(&b, BENCH_FURCA, BENCH_ICOUNT, wrong[i]));
	assert_int_equal(b.figure_count, 0);
	bench_drop(&b);
}

static void figures_are_in_the_order_of_the_list(void **state) {
	(void)state;
	struct bench b;
	bench_start(&b);
	assert_true(figure_take(&b, BENCH_FURCA, BENCH_ICOUNT, "regions:1000 7 7 7"));
	assert_true(figure_take(&b, BENCH_FURCA, BENCH_ICOUNT, "regions:20 5 4 6"));
	assert_true(figure_take(&b, BENCH_FURCA, BENCH_ICOUNT, "fork 9 9 9"));
	assert_true(figure_take(&b, BENCH_LEAN, BENCH_ICOUNT, "regions:100 6 6 6"));
	static const char *const names[] = { "fork", "regions:20", "regions:100", "regions:1000" };
	for (size_t i = 0; i < 4; i++)
		assert_string_equal(b.figures[i].name, names[i]);
	bench_drop(&b);
}

static void tables_say_what_was_measured(void **state) {
	(void)state;
	struct bench b;
	bench_start(&b);
	assert_true(figure_take(&b, BENCH_FURCA, BENCH_ICOUNT, "fork 5500 5500 5500"));
	assert_true(figure_take(&b, BENCH_LINUX, BENCH_ICOUNT, "fork 55000 54000 1055000"));
	assert_true(figure_take(&b, BENCH_LEAN, BENCH_ICOUNT, "fork 49500 49500 49500"));
	assert_true(figure_take(&b, BENCH_FURCA, BENCH_WALL, "fork 3000 1000 4000"));
	assert_true(figure_take(&b, BENCH_LEAN, BENCH_WALL, "fork 80000 7000 90000"));
	assert_true(figure_take(&b, BENCH_FURCA, BENCH_WALL, "bytes_per_child 40000 40000 40000"));
	char *table = bench_table(&b, "basic"), *json = bench_json(&b, "basic"), *page = bench_page(&b, "basic");
	holds(table, "Linux 6.1.0, lean |");
	holds(table, "55,000 (54,000-1,055,000) |");
	holds(table, " 5,500 |          9.0 |");
	holds(table, " 80.00 (7.00-90.00) |");
	holds(table, " 3.00 (1.00-4.00) |                  7.0 |");
	holds(table, " 40,000 |");
	holds(json, "{\"operation\": \"fork\", \"kernel\": \"lean\", \"mode\": \"wall\", \"median\": 80000, "
		    "\"minimum\": 7000, "
		    "\"maximum\": 90000}");
	holds(page, "- `fork`: fork() in the parent\n");
	assert_null(strstr(page, "regions"));
	free(table);
	free(json);
	free(page);
	bench_drop(&b);
}

static void numbers_have_commas(void **state) {
	(void)state;
	static const struct {
		uint64_t n;
		const char *text;
	} rows[] = { { 0, "0" }, { 999, "999" }, { 1000, "1,000" }, { 123456, "123,456" }, { 12345678, "12,345,678" } };
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char *text = number_with_commas(rows[i].n);
		assert_string_equal(text, rows[i].text);
		free(text);
	}
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lists_are_read),
		cmocka_unit_test(lines_that_are_no_figures_are_left),
		cmocka_unit_test(figures_are_in_the_order_of_the_list),
		cmocka_unit_test(tables_say_what_was_measured),
		cmocka_unit_test(numbers_have_commas),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
