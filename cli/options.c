// The command line of furca(1): options before PROGRAM are ours, all that follows it is the program's.
// Way in: options_parse. Errors: one line that names the option, and exit status 125.
#include "options.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define CPUS_LIMIT 16 // what the kernel is built for

const char options_usage[] = "usage: furca run [OPTIONS] [--] PROGRAM [ARGS...]";

const char options_help[] =
	"usage: furca run [OPTIONS] [--] PROGRAM [ARGS...]\n"
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

// clang-format off
enum option_id {
	OPT_NONE, OPT_ENV, OPT_WORKDIR, OPT_MEMORY, OPT_CPUS, OPT_WITH, OPT_ROOTFS, OPT_KERNEL, OPT_MODULES,
	OPT_APPEND, OPT_MACHINE, OPT_ACCEL, OPT_DETERMINISTIC, OPT_TIMEOUT, OPT_GDB, OPT_DRY_RUN, OPT_QEMU,
	OPT_VERBOSE, OPT_HELP, OPT_VERSION,
};
// clang-format on

static const struct {
	const char *name;
	enum option_id id;
	bool has_value;
} table[] = {
	{ "-e", OPT_ENV, true },
	{ "-w", OPT_WORKDIR, true },
	{ "-m", OPT_MEMORY, true },
	{ "--cpus", OPT_CPUS, true },
	{ "--with", OPT_WITH, true },
	{ "--rootfs", OPT_ROOTFS, true },
	{ "--kernel", OPT_KERNEL, true },
	{ "--modules", OPT_MODULES, true },
	{ "--append", OPT_APPEND, true },
	{ "--machine", OPT_MACHINE, true },
	{ "--accel", OPT_ACCEL, true },
	{ "--deterministic", OPT_DETERMINISTIC, false },
	{ "--timeout", OPT_TIMEOUT, true },
	{ "--gdb", OPT_GDB, false },
	{ "--dry-run", OPT_DRY_RUN, false },
	{ "--qemu", OPT_QEMU, true },
	{ "--verbose", OPT_VERBOSE, false },
	{ "--help", OPT_HELP, false },
	{ "-h", OPT_HELP, false },
	{ "--version", OPT_VERSION, false },
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

static int number_take(struct options *o, enum option_id id, const char *value) {
	char *end;
	if (id == OPT_MEMORY) {
		o->memory_mb = size_parse_mb(value);
		return o->memory_mb > 0 ? 0
					: value_wrong("-m", value, "give a size in megabytes, such as 512, 512M or 2G");
	}
	if (id == OPT_CPUS) {
		unsigned long n = strtoul(value, &end, 10);
		if (*value < '0' || *value > '9' || *end != '\0' || n < 1 || n > CPUS_LIMIT)
			return value_wrong("--cpus", value, "give a number from 1 to 16");
		o->cpus = (unsigned)n;
		return 0;
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
	case OPT_TIMEOUT: return number_take(o, id, value);
	case OPT_MACHINE:
	case OPT_ACCEL: return name_take(o, id, value);
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
static int option_find(const char *word, const char **value) {
	*value = NULL;
	bool is_long = word[1] == '-';
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		size_t length = strlen(table[i].name);
		if (strncmp(word, table[i].name, length) != 0)
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

static int run_parse(struct options *o, char **word) {
	for (; *word != NULL && **word == '-' && (*word)[1] != '\0'; word++) {
		if (strcmp(*word, "--") == 0) {
			word++;
			break;
		}
		const char *value, *name = *word;
		int row = option_find(*word, &value);
		if (row < 0)
			return fail(EXIT_TOOL, "unknown option", *word, "%s", options_usage);
		if (table[row].has_value && value == NULL && (value = *++word) == NULL)
			return fail(EXIT_TOOL, "this option needs a value", name, "%s", options_usage);
		int status = option_take(o, table[row].id, value);
		if (status != 0 || o->command != COMMAND_RUN)
			return status;
	}
	o->program = word;
	if (*word == NULL)
		return fail(EXIT_TOOL, "no PROGRAM given", NULL, "%s", options_usage);
	if (**word == '\0')
		return fail(EXIT_NOT_FOUND, "no such program", "''", "the name is empty");
	if (o->modules != NULL && o->kernel == NULL)
		return fail(EXIT_TOOL, "--modules without --kernel", o->modules, "name the kernel they belong to");
	return 0;
}

int options_parse(struct options *o, int argc, char **argv) {
	*o = (struct options){ .memory_mb = 512, .cpus = 1 };
	if (argc < 2)
		return fail(EXIT_TOOL, "no command given", NULL, "%s", options_usage);
	const char *command = argv[1];
	if (strcmp(command, "run") == 0)
		return run_parse(o, argv + 2);
	if (strcmp(command, "help") == 0 || strcmp(command, "--help") == 0 || strcmp(command, "-h") == 0)
		o->command = COMMAND_HELP;
	else if (strcmp(command, "version") == 0 || strcmp(command, "--version") == 0)
		o->command = COMMAND_VERSION;
	else
		return fail(EXIT_TOOL, *command == '-' ? "unknown option" : "unknown command", command, "%s",
			options_usage);
	return 0;
}

void options_drop(struct options *o) {
	list_drop(&o->env);
	list_drop(&o->with);
	list_drop(&o->append);
	list_drop(&o->qemu);
}
