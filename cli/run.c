// furca run: finds the program, builds the image, starts the VM, relays, and says how it ended.
// Way in: run. Way out: the exit status, after the one line that an error gets.
#include "run.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "deps.h"
#include "image.h"
#include "kernel.h"
#include "known.h"
#include "protocol.h"
#include "qemu.h"
#include "relay.h"
#include "rootfs.h"
#include "tty.h"

enum { DETERMINISTIC_TIME = 1704067200, LINUX_MB = 80, FURCA_MB = 8, MISSING_MAX = 8 };

struct session {
	const struct options *o;
	struct kernel kernel;
	struct image *im;
	struct deps deps;
	struct list env, modules;
	char *program; // owned: what is executed, in the VM
	bool is_text;  // a script without "#!": /bin/sh runs it, as execvp(3) and every shell have it
	char *workdir; // owned
	unsigned tty;
	struct vm vm;
	struct list command;
};

// --- environment ---

static void env_set(struct list *env, const char *pair) {
	size_t name = strcspn(pair, "=") + 1;
	for (size_t i = 0; i < env->count; i++)
		if (strncmp(env->items[i], pair, name) == 0) {
			free(env->items[i]);
			env->items[i] = text_copy(pair);
			return;
		}
	list_add(env, text_copy(pair));
}

static void env_inherit(struct list *env, const char *name) {
	const char *value = getenv(name);
	if (value == NULL)
		return;
	char *pair = text_format("%s=%s", name, value);
	env_set(env, pair);
	free(pair);
}

void run_environment(struct list *env, const struct options *o) {
	env_set(env, "PATH=" GUEST_PATH);
	env_set(env, "HOME=" GUEST_HOME);
	env_inherit(env, "TERM");
	env_inherit(env, "LANG");
	env_inherit(env, "TZ");
	for (size_t i = 0; i < o->env.count; i++)
		if (strchr(o->env.items[i], '=') != NULL)
			env_set(env, o->env.items[i]);
		else
			env_inherit(env, o->env.items[i]);
}

static const char *env_get(const struct list *env, const char *name_and_sign) {
	for (size_t i = 0; i < env->count; i++)
		if (text_starts(env->items[i], name_and_sign))
			return env->items[i] + strlen(name_and_sign);
	return NULL;
}

// --- the image ---

static int with_add(struct session *s, const char *path) {
	struct stat st;
	char here[PATH_MAX];
	if (stat(path, &st) != 0)
		return fail(
			EXIT_TOOL, "cannot bring along", path, "%s: check the path given to --with", strerror(errno));
	if (access(path, R_OK) != 0)
		return fail(EXIT_TOOL, "cannot bring along", path, "%s", strerror(errno));
	if (getcwd(here, sizeof(here)) == NULL)
		return fail(EXIT_TOOL, "no working folder", ".", "%s", strerror(errno));
	char *host = path_join(here, path), *guest = path_join(s->workdir, path), *final = NULL;
	int error = 0, status = 0;
	if (strcmp(host, guest) == 0) {
		error = image_add_host(s->im, host, &final);
	} else {
		final = text_copy(guest);
		if (!S_ISDIR(st.st_mode) && image_put_file(s->im, guest, host, &st) == NULL)
			error = -ENOTDIR;
	}
	if (error != 0)
		status = fail(EXIT_TOOL, "cannot bring along", path, "%s", strerror(-error));
	else if (S_ISDIR(st.st_mode))
		status = deps_add_tree(&s->deps, final, host, NULL);
	else if (!s->im->has_rootfs)
		status = deps_add_object(&s->deps, host);
	free(host);
	free(guest);
	free(final);
	return status;
}

static int program_add(struct session *s) {
	const char *name = s->o->program[0];
	if (s->o->rootfs != NULL)
		return rootfs_find(s->im, name, s->workdir, env_get(&s->env, "PATH=") ?: GUEST_PATH, &s->program);
	int status = program_find(name, &s->program);
	char *real = status == 0 ? known_interpreter(s->program) : NULL;
	if (real != NULL) {
		free(s->program);
		s->program = real;
	}
	if (status == 0)
		status = deps_add_program(&s->deps, s->program);
	struct program_file f = { 0 };
	s->is_text = status == 0 && program_file_read(&f, s->program) == 0 && f.kind == KIND_TEXT;
	program_file_drop(&f);
	return status;
}

static int folders_add(struct session *s) {
	if (image_folder(s->im, s->workdir) == NULL)
		return fail(EXIT_TOOL, "cannot make the working folder", s->workdir,
			"it is no folder in the VM: choose another with -w");
	static const char *const mounts[] = { "/proc", "/sys", "/dev", "/tmp", FURCA_DIR };
	for (size_t i = 0; i < sizeof(mounts) / sizeof(mounts[0]); i++)
		if (image_folder(s->im, mounts[i]) == NULL)
			return fail(EXIT_TOOL, "unfit root file system", mounts[i], "it must be a folder");
	return 0;
}

static void record(struct bytes *b, const char *key, const char *value) {
	bytes_add_text(b, key);
	bytes_add_text(b, "=");
	bytes_add(b, value, strlen(value) + 1);
}

static bool is_same_file(int a, int b) {
	struct stat x, y;
	return fstat(a, &x) == 0 && fstat(b, &y) == 0 && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

// What the caller ignores, the program ignores too, as after any exec.
static void ignored_add(struct bytes *b) {
	for (int n = 1; n < 32; n++) {
		struct sigaction old;
		if (n == SIGINT || n == SIGQUIT || n == SIGCHLD || sigaction(n, NULL, &old) != 0 ||
			old.sa_handler != SIG_IGN)
			continue;
		char *number = text_format("%d", n);
		record(b, "ignore", number);
		free(number);
	}
}

// A path is executed as the caller gave it, if it means the same in the VM: a script sees it as its $0.
static const char *executed_name(const struct session *s) {
	const char *given = s->o->program[0];
	char *there = strchr(given, '/') != NULL ? path_join(s->workdir, given) : NULL,
	     *here = path_join("/", s->program);
	bool is_same = there != NULL && strcmp(there, here) == 0;
	free(there);
	free(here);
	return is_same ? given : s->program;
}

static void config_add(struct session *s, bool has_packed_input) {
	struct bytes b = { 0 };
	record(&b, "exe", s->is_text ? "/bin/sh" : executed_name(s));
	if (s->is_text)
		record(&b, "arg", "/bin/sh");
	record(&b, "arg", s->is_text ? executed_name(s) : s->o->program[0]);
	for (char **arg = s->o->program + 1; *arg != NULL; arg++)
		record(&b, "arg", *arg);
	for (size_t i = 0; i < s->env.count; i++)
		record(&b, "env", s->env.items[i]);
	for (size_t i = 0; i < s->modules.count; i++)
		record(&b, "mod", s->modules.items[i]);
	record(&b, "cwd", s->workdir);
	record(&b, "host", GUEST_NAME);
	ignored_add(&b);
	if (has_packed_input)
		record(&b, "stdin", FURCA_STDIN);
	if (s->tty != 0) {
		char streams[2] = { (char)('0' + s->tty), '\0' };
		record(&b, "tty", streams);
		tty_describe(tty_fd(s->tty), &b);
		record(&b, "cooked", s->tty & 1 ? "0" : "1");
	}
	if (!(s->tty & 6) && is_same_file(1, 2))
		record(&b, "merge", "1");
	struct node *n = image_put(s->im, FURCA_CONFIG, S_IFREG | 0600);
	n->data = b;
	n->size = b.size;
}

static int input_pack(struct session *s, bool *is_packed) {
	*is_packed = s->o->deterministic && !(s->tty & 1);
	if (!*is_packed)
		return 0;
	struct node *n = image_put(s->im, FURCA_STDIN, S_IFREG | 0600);
	int error = s->o->dry_run ? 0 : fd_read_all(0, &n->data);
	n->size = n->data.size;
	return error ? fail(EXIT_TOOL, "cannot read standard input", NULL, "%s", strerror(-error)) : 0;
}

static int memory_check(const struct session *s) {
	uint64_t image_mb = (image_size(s->im) >> 20) + 1;
	uint64_t need = image_mb * 2 + (s->kernel.is_linux ? LINUX_MB : FURCA_MB);
	if (need <= s->o->memory_mb)
		return 0;
	char *which = text_format("%llu MB of files", (unsigned long long)image_mb);
	int status = fail(EXIT_TOOL, "image larger than the memory", which,
		"with -m %lluM there is no room to unpack them: give -m %lluM", (unsigned long long)s->o->memory_mb,
		(unsigned long long)need);
	free(which);
	return status;
}

static int image_build(struct session *s) {
	const struct options *o = s->o;
	s->im = image_new(o->deterministic ? DETERMINISTIC_TIME : (int64_t)time(NULL));
	s->deps = (struct deps){ .im = s->im, .envp = s->env.items };
	int status = o->rootfs ? rootfs_add(s->im, o->rootfs) : known_add_base(&s->deps);
	if (status == 0)
		status = folders_add(s);
	for (size_t i = 0; i < o->with.count && status == 0; i++)
		status = with_add(s, o->with.items[i]);
	if (status == 0)
		status = program_add(s);
	if (status == 0)
		status = kernel_modules_add(s->im, &s->kernel, o, &s->modules);
	struct stat st;
	if (status == 0 &&
		(stat(s->kernel.init, &st) != 0 || image_put_file(s->im, FURCA_INIT, s->kernel.init, &st) == NULL))
		status = fail(EXIT_TOOL, "cannot read", s->kernel.init, "%s", strerror(errno));
	if (status == 0)
		image_find(s->im, FURCA_INIT, false)->mode = S_IFREG | 0755;
	bool is_packed;
	if (status == 0)
		status = input_pack(s, &is_packed);
	if (status == 0) {
		config_add(s, is_packed);
		status = memory_check(s);
	}
	return status;
}

// --- the end ---

void run_missing(const char *text, struct list *paths) {
	static const char *const system[] = { "/usr/", "/lib", "/bin/", "/sbin/", "/etc/", "/opt/", "/var/lib/" };
	while (*text != '\0') {
		size_t length = strcspn(text, "\n");
		char *path = text_copy_n(text, length);
		bool is_system = false;
		for (size_t i = 0; i < sizeof(system) / sizeof(system[0]); i++)
			is_system |= text_starts(path, system[i]);
		if (is_system && !known_is_optional(path) && access(path, R_OK) == 0) {
			char *real = realpath(path, NULL);
			bool is_new = real != NULL && paths->count < MISSING_MAX;
			for (size_t i = 0; i < paths->count && is_new; i++) {
				char *other = realpath(paths->items[i], NULL);
				is_new = other == NULL || strcmp(other, real) != 0;
				free(other);
			}
			if (is_new)
				list_add(paths, text_copy(path));
			free(real);
		}
		free(path);
		text += length;
		text += *text == '\n';
	}
}

static void missing_say(const struct session *s, const struct relay_result *r) {
	struct list paths = { 0 };
	if (r->missing.size > 0)
		run_missing(r->missing.data, &paths);
	for (size_t i = 0; i < paths.count; i++)
		if (image_find(s->im, paths.items[i], true) == NULL) {
			char *word = shell_quote(paths.items[i]);
			note("furca: not in the VM: %s: the program looked for it; bring it along: --with %s",
				paths.items[i], word);
			free(word);
		}
	list_drop(&paths);
}

static int failed_say(const struct session *s, const struct ctl_failed *f) {
	const char *why = strerror((int)f->error);
	if (f->step == STEP_CHDIR)
		return fail(
			EXIT_TOOL, "cannot enter the working folder", s->workdir, "%s: choose another with -w", why);
	if (f->step == STEP_SETUP)
		return fail(EXIT_TOOL, "cannot set up the program's streams", s->program, "%s", why);
	if (f->error == ENOENT)
		return fail(EXIT_NOT_FOUND, "cannot run it", s->program,
			"it or the interpreter that it names is not in the VM");
	if (f->error == EACCES)
		return fail(EXIT_CANNOT_RUN, "cannot run it", s->program, "it is not executable: chmod +x it");
	if (f->error == ENOEXEC)
		return fail(EXIT_CANNOT_RUN, "cannot run it", s->program, "the kernel does not know this kind of file");
	return fail(EXIT_CANNOT_RUN, "cannot run it", s->program, "%s", why);
}

// The kernel's last words, without the serial line's CR.
static void console_say(const struct bytes *b) {
	struct bytes plain = { 0 };
	for (size_t i = 0; i < b->size; i++)
		if (b->data[i] != '\r')
			bytes_add(&plain, b->data + i, 1);
	while (plain.size > 0 && plain.data[plain.size - 1] == '\n')
		plain.data[--plain.size] = '\0';
	for (char *rest = plain.data, *line; plain.size > 0 && (line = strsep(&rest, "\n")) != NULL;)
		note("%s", line);
	bytes_drop(&plain);
}

static int end_say(const struct session *s, const struct relay_result *r) {
	if (r->is_timeout)
		return EXIT_TIMEOUT;
	if (r->is_panic && !r->is_exit) {
		if (!s->o->verbose)
			console_say(&r->console);
		return fail(EXIT_TOOL, "the kernel panicked", s->kernel.path, "see above");
	}
	if (r->is_failed) {
		int status = failed_say(s, &r->failed);
		missing_say(s, r);
		return status;
	}
	if (r->is_exit) {
		if (r->status != 0)
			missing_say(s, r);
		if (r->is_output_lost && r->status == 0)
			return EXIT_TOOL;
		return WIFSIGNALED(r->status) ? EXIT_SIGNAL + WTERMSIG(r->status) : WEXITSTATUS(r->status);
	}
	if (r->signal != 0)
		return EXIT_SIGNAL + r->signal;
	if (!s->o->verbose) {
		console_say(&r->console);
		console_say(&r->log);
	}
	return fail(
		EXIT_TOOL, "the VM ended before the program did", s->kernel.path, "--verbose shows the kernel's log");
}

static int session_run(struct session *s) {
	struct relay_result r;
	int status = image_write(s->im, s->vm.image);
	if (status != 0)
		return status;
	relay_signals_block();
	status = vm_start(&s->vm, s->command.items);
	if (status != 0)
		return status;
	if (s->o->gdb)
		note("furca: waiting for gdb: gdb %s -ex 'target remote 127.0.0.1:1234'", s->kernel.path);
	relay_run(&s->vm, s->o, s->tty, !s->o->deterministic || (s->tty & 1), &r);
	status = end_say(s, &r);
	relay_result_drop(&r);
	return status;
}

static int workdir_choose(struct session *s) {
	char here[PATH_MAX];
	if (s->o->workdir != NULL)
		s->workdir = path_join("/", s->o->workdir);
	else if (getcwd(here, sizeof(here)) != NULL)
		s->workdir = text_copy(here);
	else
		return fail(EXIT_TOOL, "no working folder", ".", "%s: choose one for the VM with -w", strerror(errno));
	return 0;
}

int run(const struct options *o) {
	struct session s = { .o = o, .tty = tty_streams() };
	run_environment(&s.env, o);
	int status = vm_open(&s.vm);
	if (status == 0)
		status = workdir_choose(&s);
	if (status == 0)
		status = kernel_find(&s.kernel, o);
	if (status == 0)
		status = qemu_command(&s.command, o, &s.kernel, &s.vm);
	if (status == 0)
		status = image_build(&s);
	if (status == 0)
		status = o->dry_run ? command_print(&s.command) : session_run(&s);
	vm_close(&s.vm);
	image_drop(s.im);
	deps_drop(&s.deps);
	kernel_drop(&s.kernel);
	list_drop(&s.env);
	list_drop(&s.modules);
	list_drop(&s.command);
	free(s.program);
	free(s.workdir);
	return status;
}
