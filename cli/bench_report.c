// What furca bench has measured: the lines that furca-bench prints, and the tables and files made of them.
#include "bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// --- lines of the program ---

// The words up to `count` are parted by one space each; the last one is the rest. False if there are fewer.
static bool words_split(char *line, char **words, size_t count) {
	for (size_t i = 0; i < count; i++) {
		words[i] = i + 1 < count ? strsep(&line, " ") : line;
		if (words[i] == NULL || *words[i] == '\0')
			return false;
	}
	return true;
}

bool bench_list_parse(struct bench *b, const char *text) {
	char *copy = text_copy(text);
	bool is_good = true;
	for (char *rest = copy, *line; (line = strsep(&rest, "\n")) != NULL;) {
		char *words[4];
		if (*line == '\0')
			continue;
		if (!words_split(line, words, 4)) {
			is_good = false;
			break;
		}
		char *point = strchr(words[1], ':');
		if (point != NULL)
			*point = '\0';
		b->ops = memory_grow(b->ops, (b->op_count + 1) * sizeof(*b->ops));
		b->ops[b->op_count++] = (struct bench_op){ .suite = text_copy(words[0]),
			.name = text_copy(words[1]),
			.what = text_copy(words[3]),
			.is_bytes = strcmp(words[2], "bytes") == 0,
			.is_curve = point != NULL };
	}
	free(copy);
	return is_good && b->op_count > 0;
}

static bool number_take(const char *word, uint64_t *n) {
	char *end;
	*n = strtoull(word, &end, 10);
	return *word >= '0' && *word <= '9' && *end == '\0';
}

const struct bench_op *bench_op_find(const struct bench *b, const char *word) {
	size_t length = strcspn(word, ":");
	uint64_t point;
	for (size_t i = 0; i < b->op_count; i++) {
		const struct bench_op *op = &b->ops[i];
		if (strncmp(op->name, word, length) == 0 && op->name[length] == '\0')
			return word[length] == '\0' || (op->is_curve && number_take(word + length + 1, &point)) ? op : NULL;
	}
	return NULL;
}

// In the order of the list, and a curve's points by size.
static bool is_before(const struct figure *a, const struct figure *b) {
	return a->op != b->op ? a->op < b->op : a->point < b->point;
}

bool figure_take(struct bench *b, unsigned kernel, unsigned mode, const char *line) {
	char *copy = text_copy(line), *words[4];
	struct figure f = { .kernel = kernel, .mode = mode, .point = -1 };
	const struct bench_op *op = NULL;
	uint64_t point = 0;
	bool is_good = words_split(copy, words, 4) && (op = bench_op_find(b, words[0])) != NULL &&
		       number_take(words[1], &f.median) && number_take(words[2], &f.minimum) &&
		       number_take(words[3], &f.maximum);
	char *colon = is_good ? strchr(words[0], ':') : NULL;
	if (colon != NULL)
		is_good = number_take(colon + 1, &point);
	if (is_good) {
		f.op = (size_t)(op - b->ops);
		f.point = colon != NULL ? (int64_t)point : -1;
		f.name = text_copy(words[0]);
		b->figures = memory_grow(b->figures, (b->figure_count + 1) * sizeof(f));
		size_t at = b->figure_count++;
		for (; at > 0 && is_before(&f, &b->figures[at - 1]); at--)
			b->figures[at] = b->figures[at - 1];
		b->figures[at] = f;
	}
	free(copy);
	return is_good;
}

void bench_drop(struct bench *b) {
	for (size_t i = 0; i < b->op_count; i++) {
		free(b->ops[i].suite);
		free(b->ops[i].name);
		free(b->ops[i].what);
	}
	for (size_t i = 0; i < b->figure_count; i++)
		free(b->figures[i].name);
	for (size_t i = 0; i < BENCH_KERNELS; i++)
		kernel_drop(&b->kernel[i]);
	free(b->ops);
	free(b->figures);
	free(b->program);
	list_drop(&b->notes);
}

// --- cells ---

char *number_with_commas(uint64_t n) {
	char *plain = text_format("%llu", (unsigned long long)n);
	struct bytes out = { 0 };
	size_t length = strlen(plain);
	for (size_t i = 0; i < length; i++) {
		if (i > 0 && (length - i) % 3 == 0)
			bytes_add_text(&out, ",");
		bytes_add(&out, plain + i, 1);
	}
	free(plain);
	return out.data;
}

static const struct figure *figure_find(const struct bench *b, const char *name, unsigned kernel, unsigned mode) {
	for (size_t i = 0; i < b->figure_count; i++) {
		const struct figure *f = &b->figures[i];
		if (f->kernel == kernel && f->mode == mode && strcmp(f->name, name) == 0)
			return f;
	}
	return NULL;
}

static char *cell_make(const struct bench *b, const struct figure *f) {
	if (f == NULL)
		return text_copy("-");
	if (f->mode == BENCH_WALL && !b->ops[f->op].is_bytes)
		return text_format("%.2f (%.2f-%.2f)", (double)f->median / 1000, (double)f->minimum / 1000,
			(double)f->maximum / 1000);
	char *median = number_with_commas(f->median), *minimum = number_with_commas(f->minimum),
	     *maximum = number_with_commas(f->maximum);
	char *cell = f->minimum == f->maximum ? text_copy(median) : text_format("%s (%s-%s)", median, minimum, maximum);
	free(median);
	free(minimum);
	free(maximum);
	return cell;
}

// The fair peer: the lean one where it was measured.
static unsigned peer_choose(const struct bench *b) {
	return b->kernels & 1u << BENCH_LEAN ? BENCH_LEAN : BENCH_LINUX;
}

// Of wall times the minima: what else runs on the host only adds.
static char *ratio_make(const struct bench *b, const char *name, unsigned mode) {
	const struct figure *ours = figure_find(b, name, BENCH_FURCA, mode),
			    *theirs = figure_find(b, name, peer_choose(b), mode);
	if (ours == NULL || theirs == NULL)
		return text_copy("-");
	uint64_t under = mode == BENCH_WALL ? ours->minimum : ours->median;
	uint64_t over = mode == BENCH_WALL ? theirs->minimum : theirs->median;
	return under > 0 ? text_format("%.1f", (double)over / (double)under) : text_copy("-");
}

// --- tables ---

static void row_add(struct bytes *out, struct list *cells, const size_t *widths) {
	for (size_t i = 0; i < cells->count; i++) {
		char *cell = text_format(i == 0 ? "| %-*s |" : " %*s |", (int)widths[i], cells->items[i]);
		bytes_add_text(out, cell);
		free(cell);
	}
	bytes_add_text(out, "\n");
}

static void rule_add(struct bytes *out, const size_t *widths, size_t columns) {
	for (size_t i = 0; i < columns; i++) {
		bytes_add_text(out, i == 0 ? "|--" : "-");
		for (size_t j = 0; j < widths[i]; j++)
			bytes_add_text(out, "-");
		bytes_add_text(out, i == 0 ? "|" : ":|");
	}
	bytes_add_text(out, "\n");
}

static void rows_add(struct bytes *out, struct list *rows, size_t count, size_t columns) {
	size_t widths[BENCH_KERNELS + 2] = { 0 };
	for (size_t i = 0; i < count; i++)
		for (size_t j = 0; j < columns; j++)
			if (strlen(rows[i].items[j]) > widths[j])
				widths[j] = strlen(rows[i].items[j]);
	for (size_t i = 0; i < count; i++) {
		row_add(out, &rows[i], widths);
		if (i == 0)
			rule_add(out, widths, columns);
		list_drop(&rows[i]);
	}
}

static char *kernel_title(const struct bench *b, unsigned kernel) {
	const struct kernel *k = &b->kernel[kernel];
	const char *release = k->release ? k->release : "";
	if (!k->is_linux)
		return text_copy("Furca");
	if (kernel == BENCH_FURCA)
		return text_format("Linux %s (--kernel)", release);
	return text_format(
		"Linux %.*s, %s", (int)strcspn(release, "-"), release, kernel == BENCH_LEAN ? "lean" : "as it comes");
}

static void heads_add(const struct bench *b, unsigned mode, struct list *row, bool with_ratio) {
	list_add(row, text_copy("operation"));
	for (unsigned k = 0; k < BENCH_KERNELS; k++)
		if (b->kernels & 1u << k)
			list_add(row, kernel_title(b, k));
	if (with_ratio)
		list_add(row, text_format("%s / %s%s", bench_kernel_names[peer_choose(b)],
				      b->kernel[BENCH_FURCA].is_linux ? "it" : "Furca",
				      mode == BENCH_WALL ? ", minima" : ""));
}

static void mode_table(const struct bench *b, const char *suite, unsigned mode, struct bytes *out) {
	struct list *rows = memory_new((b->figure_count + 1) * sizeof(*rows));
	bool with_ratio = b->kernels & 1u << BENCH_FURCA && b->kernels & (1u << BENCH_LINUX | 1u << BENCH_LEAN);
	size_t count = 1;
	heads_add(b, mode, &rows[0], with_ratio);
	size_t columns = rows[0].count;
	const char *last = "";
	for (size_t i = 0; i < b->figure_count; i++) {
		const struct figure *f = &b->figures[i];
		if (f->mode != mode || strcmp(b->ops[f->op].suite, suite) != 0 || strcmp(f->name, last) == 0)
			continue;
		last = f->name;
		struct list *row = &rows[count++];
		list_add(row, text_copy(f->name));
		for (unsigned k = 0; k < BENCH_KERNELS; k++)
			if (b->kernels & 1u << k)
				list_add(row, cell_make(b, figure_find(b, f->name, k, mode)));
		if (with_ratio)
			list_add(row, ratio_make(b, f->name, mode));
	}
	char *title = text_format("\n## %s: %s\n\n", suite,
		mode == BENCH_ICOUNT ? "instructions (QEMU's icount: one instruction is one tick)"
		: b->is_kvm	     ? "wall time in microseconds (KVM)"
				     : "wall time in microseconds (QEMU's TCG)");
	bytes_add_text(out, title);
	free(title);
	rows_add(out, rows, count, columns);
	free(rows);
}

char *bench_table(const struct bench *b, const char *suite) {
	struct bytes out = { 0 };
	for (unsigned mode = 0; mode < BENCH_MODES; mode++)
		if (b->modes & 1u << mode)
			mode_table(b, suite, mode, &out);
	for (size_t i = 0; i < b->notes.count; i++) {
		bytes_add_text(&out, i == 0 ? "\n" : "");
		bytes_add_text(&out, b->notes.items[i]);
		bytes_add_text(&out, "\n");
	}
	return out.data;
}

static const char *suite_about(const char *suite) {
	if (strcmp(suite, "deferred") == 0)
		return "What a lazy fork leaves for later: fork of a process with 1 GiB touched, writes to so many "
		       "percent of its\n"
		       "pages, exit and wait. `NAME:PERCENT` is all of it together; `NAME_worst:PERCENT` the worst "
		       "single write.\n";
	if (strcmp(suite, "growth") == 0)
		return "fork, exit and wait of a process over what it has: `NAME:NUMBER`.\n";
	return "`boot`: from the start of the kernel's own clock to the first line of main(); Furca's starts at the "
	       "kernel's entry,\n"
	       "Linux's some way in, and after it has unpacked itself. `bytes_per_child`: bytes.\n";
}

char *bench_page(const struct bench *b, const char *suite) {
	struct bytes out = { 0 };
	char *table = bench_table(b, suite);
	char *head = text_format("# Measured: furca bench %s\n\nOne static program as process 1 of a virtual machine "
				 "(QEMU q35; `-cpu qemu64,+rdrand` under "
				 "TCG), %u CPU%s. Medians of %u samples\n(minimum-maximum). %s",
		suite, b->o->cpus, b->o->cpus == 1 ? "" : "s", b->o->bench.samples, suite_about(suite));
	bytes_add_text(&out, head);
	bytes_add_text(&out, table);
	if (b->modes & 1u << BENCH_WALL)
		bytes_add_text(&out, "\nWhat else runs on the host adds to wall time: the minima say more than the "
				     "medians, and a worst "
				     "single write may be the\nhost's.\n");
	bytes_add_text(&out, "\n## What each is\n\n");
	for (size_t i = 0; i < b->op_count; i++)
		if (strcmp(b->ops[i].suite, suite) == 0) {
			char *line = text_format("- `%s`: %s\n", b->ops[i].name, b->ops[i].what);
			bytes_add_text(&out, line);
			free(line);
		}
	free(head);
	free(table);
	return out.data;
}

char *bench_json(const struct bench *b, const char *suite) {
	struct bytes out = { 0 };
	bytes_add_text(&out, "{\n  \"unit\": {\"icount\": \"instructions\", \"wall\": \"nanoseconds\"},\n");
	char *machine = text_format("  \"cpus\": %u, \"samples\": %u, \"wall_accel\": \"%s\",\n  \"results\": [",
		b->o->cpus, b->o->bench.samples, b->is_kvm ? "kvm" : "tcg");
	bytes_add_text(&out, machine);
	free(machine);
	const char *sign = "\n";
	for (size_t i = 0; i < b->figure_count; i++) {
		const struct figure *f = &b->figures[i];
		if (strcmp(b->ops[f->op].suite, suite) != 0)
			continue;
		char *line = text_format(
			"%s    {\"operation\": \"%s\", \"kernel\": \"%s\", \"mode\": \"%s\", \"median\": %llu, "
			"\"minimum\": %llu, \"maximum\": %llu}",
			sign, f->name, bench_kernel_names[f->kernel], bench_mode_names[f->mode],
			(unsigned long long)f->median, (unsigned long long)f->minimum, (unsigned long long)f->maximum);
		bytes_add_text(&out, line);
		free(line);
		sign = ",\n";
	}
	bytes_add_text(&out, "\n  ]\n}\n");
	return out.data;
}
