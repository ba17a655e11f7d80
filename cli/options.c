// The command line of furca(1): options before PROGRAM are ours, all that follows it is the program's.
// Way in: options_parse. Errors: one line that names the option, and exit status 125.
#include "options.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define CPUS_LIMIT 16 // what the kernel is built for

#define SAMPLES_LIMIT 51 // what furca-bench has room for

static const char usage_run[] = "usage: furca run [OPTIONS] [--] PROGRAM [ARGS...]";
static const char usage_bench[] = "usage: furca bench [OPTIONS] [WHAT...]; furca bench --list names what there is";

const char *const bench_kernel_names[] = { "linux", "lean", "furca", NULL };
const char *const bench_mode_names[] = { "icount", "wall", NULL };

static const char help_run[] =
	"usage: furca run [OPTIONS] [--] PROGRAM [ARGS...]\n"
	"       furca bench [OPTIONS] [WHAT...]     see furca bench --help\n"
	"       furca help | --help | --version\n"
	"\n"
	"Runs a Linux program in a microVM on the Furca kernel, with the caller's streams and exit status.\n"
	"PROGRAM is a path or a name on PATH; its libraries are brought along.\n"
	"\n"
	"  -e K=V             set an environment variable;  -e NAME copies the caller's\n"
	"  -w DIR             working folder in the VM (default: the caller's own path)\n"
	"  -m SIZE            memory: 512, 512M, 2G (default 512M)\n"
	"  --cpus N           processors (default 1)\n"
	"  --with PATH        bring this file or folder along; may be repeated\n"
	"  --rootfs PATH      use this folder, tar or cpio as the root file system\n"
	"  --kernel FILE      boot this kernel instead, such as Debian's Linux\n"
	"  --modules DIR      its modules (default /lib/modules/VERSION)\n"
	"  --append ARGS      more words for the kernel's command line\n"
	"  --machine NAME     microvm (default) or q35\n"
	"  --accel NAME       auto (default), kvm or tcg\n"
	"  --deterministic    the same bytes and the same virtual times on each run\n"
	"  --timeout SECONDS  end the program after this time, with exit status 124\n"
	"  --gdb              wait for gdb on port 1234 before the first instruction\n"
	"  --dry-run          print the QEMU command line and exit\n"
	"  --qemu ARG         pass this argument on to QEMU; may be repeated\n"
	"  --verbose          the kernel's log on standard error\n"
	"  --help, --version\n"
	"\n"
	"Exit status: the program's own, 128+N if signal N killed it, 124 on a timeout,\n"
	"125 for an error of furca's own, 126 if the program cannot be run, 127 if it is\n"
	"not found. See furca(1).\n";

static const char help_bench[] =
	"usage: furca bench [OPTIONS] [WHAT...]\n"
	"\n"
	"Measures what the operations of a process cost, by one and the same program on Furca and on a Linux kernel "
	"in\n"
	"the same virtual machine, and prints a table: operation, Linux, Furca, ratio. WHAT is an operation, a suite\n"
	"(basic, deferred, growth) or a point of a curve (regions:1000); without it, the suite basic. Takes minutes.\n"
	"\n"
	"  --kernel FILE      the kernel to measure (default: Furca's own)\n"
	"  --linux FILE       the Linux to measure it against (default: the running one, or the newest, in /boot)\n"
	"  --kernels LIST     some of furca,linux,lean (default: all). linux is that kernel as it comes, lean the "
	"same\n"
	"                     with mitigations, auditing and whatever else a small kernel does not have switched off\n"
	"  --mode LIST        icount (instructions), wall (time) or both (default); wall alone with --accel kvm\n"
	"  --samples N        samples of each operation, 1 to 51 (default 5)\n"
	"  --output DIR       write the tables and figures there, and pictures if gnuplot is installed\n"
	"  --raw              one line a figure: KERNEL MODE NAME MEDIAN MINIMUM MAXIMUM\n"
	"  --list             name the operations and end\n"
	"  -m SIZE            memory (default 4G; 2G for the suite growth)\n"
	"  --cpus N           processors (default 1)\n"
	"  --accel NAME       auto (default), kvm or tcg; instructions are always counted under tcg\n"
	"  --timeout SECONDS  end a virtual machine after this time (default 1200)\n"
	"  --append ARGS      more words for the kernels' command lines\n"
	"  --qemu ARG         pass this argument on to QEMU; may be repeated\n"
	"  --dry-run          print the QEMU command lines and exit\n"
	"  --verbose          what the kernels and QEMU say, on standard error\n"
	"\n"
	"Exit status: 0, or 125 if something could not be measured. See furca(1).\n";

// clang-format off
enum option_id {
	OPT_NONE, OPT_ENV, OPT_WORKDIR, OPT_MEMORY, OPT_CPUS, OPT_WITH, OPT_ROOTFS, OPT_KERNEL, OPT_MODULES,
	OPT_APPEND, OPT_MACHINE, OPT_ACCEL, OPT_DETERMINISTIC, OPT_TIMEOUT, OPT_GDB, OPT_DRY_RUN, OPT_QEMU,
	OPT_VERBOSE, OPT_HELP, OPT_VERSION,
	OPT_LINUX, OPT_KERNELS, OPT_MODE, OPT_SAMPLES, OPT_OUTPUT, OPT_RAW, OPT_LIST,
};
// clang-format on

enum { OF_RUN = 1, OF_BENCH = 2, OF_BOTH = 3 };

static const struct {
	const char *name;
	enum option_id id;
	bool has_value;
	unsigned of; // the commands that take it
} table[] = {
	{ "-e", OPT_ENV, true, OF_RUN },
	{ "-w", OPT_WORKDIR, true, OF_RUN },
	{ "-m", OPT_MEMORY, true, OF_BOTH },
	{ "--cpus", OPT_CPUS, true, OF_BOTH },
	{ "--with", OPT_WITH, true, OF_RUN },
	{ "--rootfs", OPT_ROOTFS, true, OF_RUN },
	{ "--kernel", OPT_KERNEL, true, OF_BOTH },
	{ "--modules", OPT_MODULES, true, OF_RUN },
	{ "--append", OPT_APPEND, true, OF_BOTH },
	{ "--machine", OPT_MACHINE, true, OF_RUN },
	{ "--accel", OPT_ACCEL, true, OF_BOTH },
	{ "--deterministic", OPT_DETERMINISTIC, false, OF_RUN },
	{ "--timeout", OPT_TIMEOUT, true, OF_BOTH },
	{ "--gdb", OPT_GDB, false, OF_RUN },
	{ "--dry-run", OPT_DRY_RUN, false, OF_BOTH },
	{ "--qemu", OPT_QEMU, true, OF_BOTH },
	{ "--verbose", OPT_VERBOSE, false, OF_BOTH },
	{ "--help", OPT_HELP, false, OF_BOTH },
	{ "-h", OPT_HELP, false, OF_BOTH },
	{ "--version", OPT_VERSION, false, OF_BOTH },
	{ "--linux", OPT_LINUX, true, OF_BENCH },
	{ "--kernels", OPT_KERNELS, true, OF_BENCH },
	{ "--mode", OPT_MODE, true, OF_BENCH },
	{ "--samples", OPT_SAMPLES, true, OF_BENCH },
	{ "--output", OPT_OUTPUT, true, OF_BENCH },
	{ "--raw", OPT_RAW, false, OF_BENCH },
	{ "--list", OPT_LIST, false, OF_BENCH },
};

uint64_t size_parse_mb(const char *text) {
	char *end;
	if (*text < '0' || *text > '9')
		return 0;
	unsigned long long n = strtoull(text, &end, 10);
	if (*end == 'G' || *end == 'g') {
		n *= 1024;
		end++;
	} else if (*end == 'M' || *end == 'm') {
		end++;
	}
	return *end == '\0' && n <= 1024 * 1024 ? n : 0;
}

static int value_wrong(const char *option, const char *value, const char *todo) {
	char *which = text_format("%s %s", option, value);
	int status = fail(EXIT_TOOL, "not a value for this option", which, "%s", todo);
	free(which);
	return status;
}

// A whole number from 1 to `limit`, or 0.
static unsigned count_parse(const char *value, unsigned long limit) {
	char *end;
	unsigned long n = strtoul(value, &end, 10);
	return *value < '0' || *value > '9' || *end != '\0' || n > limit ? 0 : (unsigned)n;
}

static int number_take(struct options *o, enum option_id id, const char *value) {
	char *end;
	if (id == OPT_MEMORY) {
		o->memory_mb = size_parse_mb(value);
		return o->memory_mb > 0 ? 0
					: value_wrong("-m", value, "give a size in megabytes, such as 512, 512M or 2G");
	}
	if (id == OPT_CPUS) {
		o->cpus = count_parse(value, CPUS_LIMIT);
		return o->cpus > 0 ? 0 : value_wrong("--cpus", value, "give a number from 1 to 16");
	}
	if (id == OPT_SAMPLES) {
		o->bench.samples = count_parse(value, SAMPLES_LIMIT);
		return o->bench.samples > 0 ? 0 : value_wrong("--samples", value, "give a number from 1 to 51");
	}
	o->timeout_s = strtod(value, &end);
	if (end == value || *end != '\0' || !isfinite(o->timeout_s) || o->timeout_s <= 0 || o->timeout_s > 1e9)
		return value_wrong("--timeout", value, "give a number of seconds above 0");
	return 0;
}

static int name_take(struct options *o, enum option_id id, const char *value) {
	if (id == OPT_MACHINE) {
		if (strcmp(value, "microvm") == 0)
			o->machine = MACHINE_MICROVM;
		else if (strcmp(value, "q35") == 0)
			o->machine = MACHINE_Q35;
		else
			return value_wrong("--machine", value, "give microvm or q35");
	} else {
		if (strcmp(value, "auto") == 0)
			o->accel = ACCEL_AUTO;
		else if (strcmp(value, "kvm") == 0)
			o->accel = ACCEL_KVM;
		else if (strcmp(value, "tcg") == 0)
			o->accel = ACCEL_TCG;
		else
			return value_wrong("--accel", value, "give auto, kvm or tcg");
	}
	return 0;
}

// "a,b" as bits by the numbers of the names; spaces part them too. 0 for what is none of them.
static unsigned names_parse(const char *value, const char *const names[]) {
	unsigned bits = 0;
	char *copy = text_copy(value);
	for (char *rest = copy, *word; (word = strsep(&rest, ", ")) != NULL;) {
		unsigned i = 0;
		while (names[i] != NULL && strcmp(names[i], word) != 0)
			i++;
		if (*word != '\0' && names[i] == NULL) {
			bits = 0;
			break;
		}
		bits |= *word != '\0' ? 1u << i : 0;
	}
	free(copy);
	return bits;
}

static int names_take(struct options *o, enum option_id id, const char *value) {
	if (id == OPT_KERNELS) {
		o->bench.kernels = names_parse(value, bench_kernel_names);
		return o->bench.kernels ? 0 : value_wrong("--kernels", value, "give some of furca,linux,lean");
	}
	o->bench.modes = names_parse(value, bench_mode_names);
	return o->bench.modes ? 0 : value_wrong("--mode", value, "give icount, wall or icount,wall");
}

static int option_take(struct options *o, enum option_id id, const char *value) {
	switch (id) {
	case OPT_ENV:
		if (*value == '\0' || *value == '=')
			return value_wrong("-e", value, "give NAME=VALUE, or NAME to copy the caller's");
		list_add(&o->env, text_copy(value));
		break;
	case OPT_WORKDIR:
		if (*value != '/')
			return value_wrong("-w", value, "give an absolute path");
		o->workdir = value;
		break;
	case OPT_WITH: list_add(&o->with, text_copy(value)); break;
	case OPT_APPEND: list_add(&o->append, text_copy(value)); break;
	case OPT_QEMU: list_add(&o->qemu, text_copy(value)); break;
	case OPT_ROOTFS: o->rootfs = value; break;
	case OPT_KERNEL: o->kernel = value; break;
	case OPT_MODULES: o->modules = value; break;
	case OPT_MEMORY:
	case OPT_CPUS:
	case OPT_SAMPLES:
	case OPT_TIMEOUT: return number_take(o, id, value);
	case OPT_MACHINE:
	case OPT_ACCEL: return name_take(o, id, value);
	case OPT_KERNELS:
	case OPT_MODE: return names_take(o, id, value);
	case OPT_LINUX: o->bench.peer = value; break;
	case OPT_OUTPUT: o->bench.output = value; break;
	case OPT_RAW: o->bench.raw = true; break;
	case OPT_LIST: o->bench.list = true; break;
	case OPT_DETERMINISTIC: o->deterministic = true; break;
	case OPT_GDB: o->gdb = true; break;
	case OPT_DRY_RUN: o->dry_run = true; break;
	case OPT_VERBOSE: o->verbose = true; break;
	case OPT_HELP: o->command = COMMAND_HELP; break;
	case OPT_VERSION: o->command = COMMAND_VERSION; break;
	case OPT_NONE: break;
	}
	return 0;
}

// Splits "--name=value" and "-mVALUE". Returns the row of the table, or -1; `value` is NULL when it is the next word.
static int option_find(const char *word, unsigned of, const char **value) {
	*value = NULL;
	bool is_long = word[1] == '-';
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		size_t length = strlen(table[i].name);
		if (!(table[i].of & of) || strncmp(word, table[i].name, length) != 0)
			continue;
		if (word[length] == '\0')
			return (int)i;
		if (!table[i].has_value || (is_long && word[length] != '='))
			continue;
		if (is_long != (table[i].name[1] == '-'))
			continue;
		*value = word + length + (is_long ? 1 : 0);
		return (int)i;
	}
	return -1;
}

static bool is_option(const char *word) {
	return word != NULL && word[0] == '-' && word[1] != '\0';
}

// The option at *word, and its value if that is a word of its own: *word is left at the last of them.
static int word_take(struct options *o, char ***word, unsigned of, const char *usage) {
	const char *value, *name = **word;
	int row = option_find(name, of, &value);
	if (row < 0)
		return fail(EXIT_TOOL, "unknown option", name, "%s", usage);
	if (table[row].has_value && value == NULL) {
		if ((*word)[1] == NULL)
			return fail(EXIT_TOOL, "this option needs a value", name, "%s", usage);
		value = *++*word;
	}
	return option_take(o, table[row].id, value);
}

static int run_parse(struct options *o, char **word) {
	o->memory_mb = 512;
	o->help = help_run;
	for (; is_option(*word); word++) {
		if (strcmp(*word, "--") == 0) {
			word++;
			break;
		}
		int status = word_take(o, &word, OF_RUN, usage_run);
		if (status != 0 || o->command != COMMAND_RUN)
			return status;
	}
	o->program = word;
	if (*word == NULL)
		return fail(EXIT_TOOL, "no PROGRAM given", NULL, "%s", usage_run);
	if (**word == '\0')
		return fail(EXIT_NOT_FOUND, "no such program", "''", "the name is empty");
	if (o->modules != NULL && o->kernel == NULL)
		return fail(EXIT_TOOL, "--modules without --kernel", o->modules, "name the kernel they belong to");
	return 0;
}

// Options may stand anywhere among the words, which are moved together.
static int bench_parse(struct options *o, char **word) {
	char **end = word;
	o->command = COMMAND_BENCH;
	o->help = help_bench;
	o->timeout_s = 1200;
	o->bench.samples = 5;
	o->program = word;
	for (; *word != NULL; word++) {
		if (!is_option(*word)) {
			*end++ = *word;
			continue;
		}
		int status = word_take(o, &word, OF_BENCH, usage_bench);
		if (status != 0 || o->command != COMMAND_BENCH)
			return status;
	}
	*end = NULL;
	if (o->accel == ACCEL_KVM && o->bench.modes & 1u << BENCH_ICOUNT)
		return fail(EXIT_TOOL, "--mode icount with --accel kvm", NULL,
			"only tcg can count instructions: leave one of them out");
	return 0;
}

int options_parse(struct options *o, int argc, char **argv) {
	*o = (struct options){ .cpus = 1, .help = help_run };
	if (argc < 2)
		return fail(EXIT_TOOL, "no command given", NULL, "%s", usage_run);
	const char *command = argv[1];
	if (strcmp(command, "run") == 0)
		return run_parse(o, argv + 2);
	if (strcmp(command, "bench") == 0)
		return bench_parse(o, argv + 2);
	if (strcmp(command, "help") == 0 || strcmp(command, "--help") == 0 || strcmp(command, "-h") == 0)
		o->command = COMMAND_HELP;
	else if (strcmp(command, "version") == 0 || strcmp(command, "--version") == 0)
		o->command = COMMAND_VERSION;
	else
		return fail(
			EXIT_TOOL, *command == '-' ? "unknown option" : "unknown command", command, "%s", usage_run);
	return 0;
}

void options_drop(struct options *o) {
	list_drop(&o->env);
	list_drop(&o->with);
	list_drop(&o->append);
	list_drop(&o->qemu);
}
