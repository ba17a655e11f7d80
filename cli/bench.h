// furca bench: the same program on Furca and on Linux, in the same virtual machine, and tables of what it measured.
#ifndef FURCA_CLI_BENCH_H
#define FURCA_CLI_BENCH_H

#include "kernel.h"
#include "options.h"

struct bench_op {
	char *suite, *name, *what; // owned
	bool is_bytes, is_curve;
};

// One line that the program prints: an operation, or a point of a curve ("regions:1000").
struct figure {
	size_t op;     // its number in the list
	char *name;    // owned
	int64_t point; // -1: none
	unsigned kernel, mode;
	uint64_t median, minimum, maximum;
};

struct bench {
	const struct options *o; // borrowed
	struct bench_op *ops;	 // as the program lists them
	size_t op_count;
	struct figure *figures;
	size_t figure_count;
	struct list notes; // what to say below the table
	unsigned kernels, modes;
	struct kernel kernel[BENCH_KERNELS];
	char *program; // owned: furca-bench on this host
	bool is_kvm;   // wall time is taken under KVM
};

int bench(const struct options *o); // the exit status

// bench_report.c. All text is owned by the caller.
bool bench_list_parse(struct bench *b, const char *text);
const struct bench_op *bench_op_find(const struct bench *b, const char *word); // "regions:10" is "regions"; no curve has no points
bool figure_take(struct bench *b, unsigned kernel, unsigned mode, const char *line);
char *bench_table(const struct bench *b, const char *suite); // Markdown
char *bench_page(const struct bench *b, const char *suite);
char *bench_json(const struct bench *b, const char *suite);
char *number_with_commas(uint64_t n);
void bench_drop(struct bench *b);
#endif
