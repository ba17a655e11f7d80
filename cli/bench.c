// furca bench: starts one virtual machine for each kernel, each way of measuring and each suite, takes the lines that
// furca-bench prints as its process 1, and prints tables of them. What is measured is bench/'s; how a table looks is
// bench_report.c's. Way in: bench. Errors: one line that says what to do; what could be measured is still printed, and
// the status is 125.
#include "bench.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>
#include "deps.h"
#include "known.h"
#include "qemu.h"

#define LEAN                                                                                                           \
	" mitigations=off init_on_alloc=0 audit=0 lsm= apparmor=0 cgroup_disable=memory psi=0 "                        \
	"randomize_kstack_offset=off"
enum { LARGE_MB = 4096, GROWTH_MB = 2048, LAST_LINES = 8 };

extern char **environ;

// --- what there is to measure, and on what ---

static int program_list(struct bench *b) {
	b->program = beside_find("furca-bench");
	if (b->program == NULL)
		return fail(EXIT_TOOL, "no benchmark program", "furca-bench",
			"it is neither beside furca nor in ../lib/furca: run make");
	char *argv[] = { b->program, (char *)"list", NULL };
	struct bytes text = { 0 };
	int status = command_capture(argv, environ, false, &text);
	bool is_good = status == 0 && text.size > 0 && bench_list_parse(b, text.data);
	bytes_drop(&text);
	return is_good ? 0
		       : fail(EXIT_TOOL, "cannot run the benchmark program", b->program,
				 "run make, or install furca again");
}

static int words_check(const struct bench *b) {
	for (char **word = b->o->program; *word != NULL; word++) {
		bool is_suite = false;
		for (size_t i = 0; i < b->op_count; i++)
			is_suite |= strcmp(b->ops[i].suite, *word) == 0;
		if (!is_suite && bench_op_find(b, *word) == NULL)
			return fail(EXIT_TOOL, "nothing to measure by this name", *word,
				"furca bench --list names what there is");
	}
	return 0;
}

// The Linux that runs here if its file can be read, or else the newest in /boot. Owned, or NULL; `seen`: one that
// cannot be read.
static char *linux_find(char **seen) {
	struct utsname u;
	char *best = uname(&u) == 0 ? text_format("/boot/vmlinuz-%s", u.release) : NULL;
	if (best != NULL && access(best, R_OK) == 0)
		return best;
	free(best);
	best = NULL;
	*seen = NULL;
	DIR *d = opendir("/boot");
	for (struct dirent *e; d != NULL && (e = readdir(d)) != NULL;) {
		if (!text_starts(e->d_name, "vmlinuz-"))
			continue;
		char *path = text_format("/boot/%s", e->d_name);
		char **to = access(path, R_OK) == 0 ? &best : seen;
		if (*to == NULL || strverscmp(*to, path) < 0) {
			free(*to);
			*to = path;
		} else {
			free(path);
		}
	}
	if (d != NULL)
		closedir(d);
	return best;
}

static int linux_open(struct bench *b, struct kernel *k) {
	char *seen = NULL, *path = b->o->bench.peer ? text_copy(b->o->bench.peer) : linux_find(&seen);
	int status;
	if (path != NULL)
		status = kernel_open(k, path);
	else if (seen != NULL)
		status = fail(EXIT_TOOL, "cannot read the Linux kernel", seen,
			"run furca as root, name a copy with --linux, or measure without it: --kernels furca");
	else
		status = fail(EXIT_TOOL, "no Linux kernel to measure against", "/boot/vmlinuz-*",
			"install the package linux-image-cloud-amd64 (Ubuntu: linux-image-virtual), name one with "
			"--linux, or "
			"measure without it: --kernels furca");
	if (status == 0 && !k->is_linux)
		status = fail(EXIT_TOOL, "not a Linux kernel", path,
			"--linux wants a bzImage or a vmlinux; --kernel takes any");
	free(path);
	free(seen);
	return status;
}

static int kernels_open(struct bench *b) {
	int status = 0;
	if (b->kernels & 1u << BENCH_FURCA)
		status = kernel_open(&b->kernel[BENCH_FURCA], b->o->kernel);
	for (unsigned i = BENCH_LINUX; i <= BENCH_LEAN && status == 0; i++)
		if (b->kernels & 1u << i)
			status = linux_open(b, &b->kernel[i]);
	return status;
}

// Instructions are counted by tcg; time is taken under kvm where there is one.
static int modes_choose(struct bench *b) {
	const struct options *o = b->o;
	b->modes = o->bench.modes;
	if (b->modes == 0)
		b->modes = o->accel == ACCEL_KVM ? 1u << BENCH_WALL : 1u << BENCH_ICOUNT | 1u << BENCH_WALL;
	return accel_choose(o, &b->is_kvm);
}

// --- one virtual machine ---

struct visit {
	struct bench *b;
	const char *suite;
	unsigned kernel, mode;
	struct options o;
	struct vm vm;
	struct bytes line;
	struct list last; // lines that are no figures
	size_t count;
	bool is_end, is_timeout;
};

static bool is_of_suite(const struct bench *b, const char *word, const char *suite) {
	const struct bench_op *op = bench_op_find(b, word);
	return strcmp(word, suite) == 0 || (op != NULL && strcmp(op->suite, suite) == 0);
}

static char *kernel_line(const struct visit *v) {
	struct bytes line = { 0 };
	char *samples = text_format(" samples=%u", v->o.bench.samples);
	bytes_add_text(&line, "console=ttyS0");
	bytes_add_text(&line, v->o.verbose ? "" : " quiet loglevel=0");
	if (v->b->kernel[v->kernel].is_linux)
		bytes_add_text(&line, " panic=-1");
	bytes_add_text(&line, v->kernel == BENCH_LEAN ? LEAN : "");
	for (size_t i = 0; i < v->o.append.count; i++) {
		bytes_add_text(&line, " ");
		bytes_add_text(&line, v->o.append.items[i]);
	}
	bytes_add_text(&line, " -- ");
	bytes_add_text(&line, bench_mode_names[v->mode]);
	bytes_add_text(&line, samples);
	free(samples);
	if (*v->o.program == NULL) {
		bytes_add_text(&line, " ");
		bytes_add_text(&line, v->suite);
	}
	for (char **word = v->o.program; *word != NULL; word++)
		if (is_of_suite(v->b, *word, v->suite)) {
			bytes_add_text(&line, " ");
			bytes_add_text(&line, *word);
		}
	return line.data;
}

// The program as /init, and one dynamic program with its libraries.
static int image_build(const struct visit *v) {
	struct image *im = image_new(1704067200);
	struct list env = { 0 };
	list_add(&env, text_copy("PATH=" GUEST_PATH));
	struct deps deps = { .im = im, .envp = env.items };
	struct stat st;
	static const char *const merged[] = { "/bin", "/lib", "/lib64" };
	for (size_t i = 0; i < sizeof(merged) / sizeof(merged[0]); i++)
		image_add_host(im, merged[i], NULL);
	int status = deps_add_program(&deps, "/bin/true");
	if (status == 0 && (stat(v->b->program, &st) != 0 || image_put_file(im, "/init", v->b->program, &st) == NULL ||
				   image_folder(im, "/proc") == NULL))
		status = fail(EXIT_TOOL, "cannot read", v->b->program, "%s", strerror(errno));
	if (status == 0) {
		image_find(im, "/init", false)->mode = S_IFREG | 0755;
		status = image_write(im, v->vm.image);
	}
	deps_drop(&deps);
	list_drop(&env);
	image_drop(im);
	return status;
}

static void progress_say(const struct visit *v, const char *name) {
	if (isatty(2) && !v->o.verbose)
		fprintf(stderr, "\r\033[K%s", name);
}

static void line_take(struct visit *v, char *line) {
	line[strcspn(line, "\r")] = '\0';
	if (figure_take(v->b, v->kernel, v->mode, line)) {
		v->count++;
		if (v->o.bench.raw &&
			printf("%s %s %s\n", bench_kernel_names[v->kernel], bench_mode_names[v->mode], line) > 0)
			fflush(stdout);
		char *where = text_format("%s, %s: %zu: %.*s", bench_kernel_names[v->kernel], bench_mode_names[v->mode],
			v->count, (int)strcspn(line, " "), line);
		progress_say(v, where);
		free(where);
	} else if (strcmp(line, "end") == 0) {
		v->is_end = true;
	} else if (text_starts(line, "stopped ")) {
		char *text = text_format(
			"%s, %s: %s", bench_kernel_names[v->kernel], bench_mode_names[v->mode], line);
		if (v->o.bench.raw)
			note("%s", text);
		list_add(&v->b->notes, text);
	} else {
		if (v->o.verbose)
			note("%s", line);
		list_add(&v->last, text_copy(line));
	}
}

// False at the end of what the descriptor gives.
static bool console_read(struct visit *v, int fd) {
	char chunk[4096];
	ssize_t n = read(fd, chunk, sizeof(chunk));
	if (n < 0)
		return errno == EINTR || errno == EAGAIN;
	for (ssize_t i = 0; i < n; i++) {
		if (chunk[i] != '\n') {
			bytes_add(&v->line, &chunk[i], 1);
			continue;
		}
		bytes_add(&v->line, "", 1);
		line_take(v, v->line.data);
		v->line.size = 0;
	}
	return n > 0;
}

static void console_follow(struct visit *v) {
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	time_t until = now.tv_sec + (time_t)v->o.timeout_s + 1;
	struct pollfd fds[2] = { { .fd = v->vm.console, .events = POLLIN }, { .fd = v->vm.log, .events = POLLIN } };
	while (fds[0].fd >= 0 || fds[1].fd >= 0) {
		clock_gettime(CLOCK_MONOTONIC, &now);
		v->is_timeout = now.tv_sec >= until;
		if (v->is_timeout)
			return;
		if (poll(fds, 2, 1000) <= 0)
			continue;
		for (int i = 0; i < 2; i++)
			if (fds[i].revents != 0 && !console_read(v, fds[i].fd))
				fds[i].fd = -1;
	}
}

static int end_say(const struct visit *v) {
	if (v->is_end)
		return 0;
	size_t from = v->last.count > LAST_LINES && !v->o.verbose ? v->last.count - LAST_LINES : 0;
	for (size_t i = from; i < v->last.count && !v->o.verbose; i++)
		note("%s", v->last.items[i]);
	char *which = text_format("%s (%s, %s)", v->b->kernel[v->kernel].path, v->suite, bench_mode_names[v->mode]);
	int status =
		v->is_timeout
			? fail(EXIT_TOOL, "the benchmark took too long", which,
				  "after %.0f s; give it more with --timeout, or name fewer operations", v->o.timeout_s)
			: fail(EXIT_TOOL, "the virtual machine ended before the benchmark did", which,
				  "see above; --verbose shows all that it said, less memory is asked for with -m");
	free(which);
	return status;
}

static int visit_run(struct visit *v) {
	struct list command = { 0 };
	char *line = kernel_line(v);
	int status = vm_open(&v->vm);
	if (status == 0)
		status = qemu_bench_command(
			&command, &v->o, &v->b->kernel[v->kernel], &v->vm, v->b->is_kvm && v->mode == BENCH_WALL, line);
	if (status == 0 && v->o.dry_run)
		status = command_print(&command);
	else if (status == 0 && (status = image_build(v)) == 0 && (status = vm_start(&v->vm, command.items)) == 0) {
		progress_say(v, bench_kernel_names[v->kernel]);
		console_follow(v);
		progress_say(v, "");
		status = end_say(v);
	}
	vm_close(&v->vm);
	free(line);
	list_drop(&command);
	list_drop(&v->last);
	bytes_drop(&v->line);
	return status;
}

// --- suites ---

static int suite_measure(struct bench *b, const char *suite) {
	int worst = 0;
	for (unsigned mode = 0; mode < BENCH_MODES; mode++)
		for (int kernel = BENCH_KERNELS - 1; kernel >= 0; kernel--) {
			if (!(b->modes & 1u << mode) || !(b->kernels & 1u << kernel))
				continue;
			struct visit v = {
				.b = b, .suite = suite, .kernel = (unsigned)kernel, .mode = mode, .o = *b->o
			};
			v.o.deterministic = mode == BENCH_ICOUNT;
			if (v.o.memory_mb == 0)
				v.o.memory_mb = strcmp(suite, "growth") == 0 ? GROWTH_MB : LARGE_MB;
			int status = visit_run(&v);
			worst = status != 0 ? status : worst;
		}
	return worst;
}

static int file_write(const char *folder, const char *name, const char *end, const char *text) {
	char *path = text_format("%s/%s%s", folder, name, end);
	FILE *f = fopen(path, "w");
	bool is_good = f != NULL && fputs(text, f) >= 0;
	if (f != NULL && fclose(f) != 0)
		is_good = false;
	int status =
		is_good ? 0 : fail(EXIT_TOOL, "cannot write", path, "%s: --output wants a folder", strerror(errno));
	free(path);
	return status;
}

static void pictures_draw(const char *folder) {
	int error;
	char *plot = beside_find("furca-plot"), *gnuplot = path_search("gnuplot", getenv("PATH") ?: "/usr/bin", &error);
	if (plot != NULL && gnuplot != NULL) {
		char *argv[] = { (char *)"/bin/sh", plot, (char *)folder, NULL };
		struct bytes said = { 0 };
		if (command_capture(argv, environ, true, &said) != 0)
			note("furca: no pictures: %s", said.size > 0 ? said.data : plot);
		bytes_drop(&said);
	} else {
		note("furca: no pictures: install the package gnuplot-nox");
	}
	free(plot);
	free(gnuplot);
}

static int suite_report(const struct bench *b, const char *suite) {
	int status = 0;
	char *table = bench_table(b, suite), *page = bench_page(b, suite), *json = bench_json(b, suite);
	if (!b->o->bench.raw && (fputs(table, stdout) < 0 || fflush(stdout) != 0))
		status = fail(EXIT_TOOL, "cannot write", "standard output", NULL);
	if (b->o->bench.output != NULL) {
		const char *name = strcmp(suite, "basic") == 0 ? "results" : suite;
		status = file_write(b->o->bench.output, name, ".md", page) ?: status;
		status = file_write(b->o->bench.output, name, ".json", json) ?: status;
	}
	free(table);
	free(page);
	free(json);
	return status;
}

static int suites_run(struct bench *b) {
	int worst = 0;
	const char *suite = "";
	for (size_t i = 0; i < b->op_count; i++) {
		bool is_wanted = *b->o->program == NULL && strcmp(b->ops[i].suite, "basic") == 0;
		for (char **word = b->o->program; *word != NULL; word++)
			is_wanted |= is_of_suite(b, *word, b->ops[i].suite);
		if (!is_wanted || strcmp(b->ops[i].suite, suite) == 0)
			continue;
		suite = b->ops[i].suite;
		int status = suite_measure(b, suite);
		worst = status != 0 ? status : worst;
		if (!b->o->dry_run && b->figure_count > 0)
			worst = suite_report(b, suite) ?: worst;
	}
	if (b->o->bench.output != NULL && !b->o->dry_run && b->figure_count > 0)
		pictures_draw(b->o->bench.output);
	return worst;
}

static int operations_print(const struct bench *b) {
	for (size_t i = 0; i < b->op_count; i++)
		printf("%-9s %s%-*s %s\n", b->ops[i].suite, b->ops[i].name, 24 - (int)strlen(b->ops[i].name),
			b->ops[i].is_curve ? ":N" : "", b->ops[i].what);
	return fflush(stdout) == 0 ? 0 : fail(EXIT_TOOL, "cannot write", "standard output", NULL);
}

int bench(const struct options *o) {
	struct bench b = { .o = o };
	b.kernels = o->bench.kernels ?: 1u << BENCH_LINUX | 1u << BENCH_LEAN | 1u << BENCH_FURCA;
	int status = program_list(&b);
	if (status == 0 && o->bench.list) {
		status = operations_print(&b);
		bench_drop(&b);
		return status;
	}
	if (status == 0)
		status = words_check(&b);
	if (status == 0)
		status = modes_choose(&b);
	if (status == 0)
		status = kernels_open(&b);
	struct stat st;
	if (status == 0 && o->bench.output != NULL && (stat(o->bench.output, &st) != 0 || !S_ISDIR(st.st_mode)))
		status = fail(
			EXIT_TOOL, "no such folder", o->bench.output, "make it first, or name another with --output");
	if (status == 0)
		status = suites_run(&b);
	bench_drop(&b);
	return status;
}
