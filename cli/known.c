// What a program is known to want at run time: the base of a small Linux system, glibc's modules that are loaded when
// they are first used, and the standard libraries of Python and Perl.
// Errors: an exit status after a message; what is merely nice to have is left out in silence.
#include "known.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

extern char **environ;

static void text_unless_there(struct image *im, const char *path, const char *text) {
	if (image_find(im, path, true) == NULL)
		image_put_text(im, path, 0644, text);
}

// The host's file by its contents, even where the host has a link (resolv.conf), or else a default.
static void etc_add(struct image *im, const char *path, const char *otherwise, const char *more) {
	struct bytes text = { 0 };
	if (file_read(path, &text) != 0 || text.size == 0 || memchr(text.data, '\0', text.size) != NULL) {
		text.size = 0;
		bytes_add_text(&text, otherwise);
	}
	if (text.data[text.size - 1] != '\n')
		bytes_add_text(&text, "\n");
	bytes_add_text(&text, more);
	text_unless_there(im, path, text.data);
	bytes_drop(&text);
}

static void terminfo_add(struct deps *d, const char *name) {
	static const char *const folders[] = { "/etc/terminfo", "/lib/terminfo", "/usr/share/terminfo" };
	for (size_t i = 0; i < 3 && name != NULL && *name != '\0' && strchr(name, '/') == NULL; i++) {
		char *path = text_format("%s/%c/%s", folders[i], *name, name);
		deps_add_optional(d, path);
		free(path);
	}
}

static void locale_add(struct deps *d) {
	static const char *const folders[] = { "/usr/lib/locale/C.utf8", "/usr/lib/locale/C.UTF-8" };
	for (size_t i = 0; i < 2; i++)
		if (access(folders[i], R_OK) == 0)
			deps_add_tree(d, folders[i], folders[i], NULL);
	const char *lang = getenv("LANG");
	struct stat st;
	bool is_builtin = lang == NULL || *lang == '\0' || strcmp(lang, "C") == 0 || strcmp(lang, "POSIX") == 0 ||
			  text_starts(lang, "C.");
	if (!is_builtin && stat("/usr/lib/locale/locale-archive", &st) == 0 && st.st_size < 16 << 20)
		deps_add_optional(d, "/usr/lib/locale/locale-archive");
}

static void zone_add(struct deps *d) {
	deps_add_optional(d, "/etc/localtime");
	const char *zone = getenv("TZ");
	if (zone == NULL || *zone == '\0' || strstr(zone, "..") != NULL)
		return;
	zone += *zone == ':';
	char *path = *zone == '/' ? text_copy(zone) : text_format("/usr/share/zoneinfo/%s", zone);
	struct stat st;
	if (stat(path, &st) == 0 && S_ISREG(st.st_mode))
		deps_add_optional(d, path);
	free(path);
}

int known_add_base(struct deps *d) {
	static const char *const merged[] = { "/bin", "/sbin", "/lib", "/lib64" };
	static const struct {
		const char *path;
		mode_t mode;
	} folders[] = { { "/dev", 0755 }, { "/etc", 0755 }, { "/proc", 0555 }, { "/root", 0700 }, { "/run", 0755 },
		{ "/sys", 0555 }, { "/tmp", 01777 }, { "/usr/bin", 0755 }, { "/var/tmp", 01777 } };
	for (size_t i = 0; i < sizeof(merged) / sizeof(merged[0]); i++)
		image_add_host(d->im, merged[i], NULL);
	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
		struct node *n = image_folder(d->im, folders[i].path);
		if (n != NULL)
			n->mode = S_IFDIR | folders[i].mode;
	}
	etc_add(d->im, "/etc/passwd",
		"root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n", "");
	etc_add(d->im, "/etc/group", "root:x:0:\ntty:x:5:\nnogroup:x:65534:\n", "");
	etc_add(d->im, "/etc/hosts", "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost\n",
		"127.0.1.1\t" GUEST_NAME "\n");
	etc_add(d->im, "/etc/resolv.conf", "nameserver 10.0.2.3\n", "");
	text_unless_there(d->im, "/etc/nsswitch.conf",
		"passwd: files\ngroup: files\nshadow: files\nhosts: files dns\nnetworks: files\nprotocols: files\n"
		"services: files\n");
	static const char *const terms[] = { "dumb", "linux", "vt100", "xterm", "xterm-256color", "screen",
		"tmux-256color" };
	for (size_t i = 0; i < sizeof(terms) / sizeof(terms[0]); i++)
		terminfo_add(d, terms[i]);
	terminfo_add(d, getenv("TERM"));
	locale_add(d);
	zone_add(d);
	return 0;
}

// What glibc loads by name when it is first needed: name services, and the unwinder for pthread_cancel and exit.
static void glibc_add(struct deps *d) {
	static const char *const names[] = { "libnss_files.so.2", "libnss_dns.so.2", "libnss_compat.so.2",
		"libgcc_s.so.1" };
	static const char *const folders[] = { "/lib/x86_64-linux-gnu", "/lib64", "/usr/lib64", "/usr/lib" };
	if (!list_has(&d->sonames, "libc.so.6") || list_has(&d->done, "glibc"))
		return;
	list_add(&d->done, text_copy("glibc"));
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		for (size_t j = 0; j < sizeof(folders) / sizeof(folders[0]); j++) {
			char *path = text_format("%s/%s", folders[j], names[i]);
			bool is_there = access(path, R_OK) == 0;
			if (is_there)
				deps_add_optional(d, path);
			free(path);
			if (is_there)
				break;
		}
	deps_add_optional(d, "/etc/ld.so.cache");
}

// Tests, installers and packages from elsewhere are no part of a standard library.
static bool is_not_standard(const char *name) {
	static const char *const left_out[] = { "test", "tests", "idlelib", "turtledemo", "ensurepip", "site-packages",
		"dist-packages", "lib2to3", "tkinter" };
	for (size_t i = 0; i < sizeof(left_out) / sizeof(left_out[0]); i++)
		if (strcmp(name, left_out[i]) == 0)
			return true;
	return text_starts(name, "config-") || text_ends(name, ".a");
}

static int folder_add(struct deps *d, const char *path) {
	struct stat st;
	char *final = NULL;
	int status = 0;
	if (stat(path, &st) != 0 || !S_ISDIR(st.st_mode) || list_has(&d->done, path) ||
		image_add_host(d->im, path, &final) != 0)
		return 0;
	list_add(&d->done, text_copy(path));
	status = deps_add_tree(d, final, final, is_not_standard);
	free(final);
	return status;
}

// Asks an interpreter where its library is: one folder a line.
static int folders_ask(struct deps *d, char *const argv[]) {
	struct bytes said = { 0 };
	int status = 0;
	if (command_capture(argv, environ, false, &said) == 0)
		for (char *rest = said.data, *line; status == 0 && (line = strsep(&rest, "\n")) != NULL;)
			if (*line == '/')
				status = folder_add(d, line);
	bytes_drop(&said);
	return status;
}

static int python_add(struct deps *d, const char *path) {
	char *argv[] = { (char *)path, "-I", "-S", "-c",
		"import sysconfig as s\nfor k in sorted({s.get_path('stdlib'),s.get_path('platstdlib')}): print(k)",
		NULL };
	char *venv = text_format("%.*spyvenv.cfg", (int)(path_base(path) - path), path);
	deps_add_optional(d, venv);
	free(venv);
	return folders_ask(d, argv);
}

static int perl_add(struct deps *d, const char *path) {
	char *argv[] = { (char *)path, "-MConfig", "-e",
		"print map { \"$_\\n\" } @Config{qw(privlibexp archlibexp)}, grep { /perl-base$/ } @INC", NULL };
	return folders_ask(d, argv);
}

// "python", "python3", "python3.11": the name, and then nothing but a version.
static bool is_version_of(const char *name, const char *of) {
	return text_starts(name, of) && strspn(name + strlen(of), "0123456789.") == strlen(name + strlen(of));
}

int known_add(struct deps *d, const char *path, const char *final) {
	glibc_add(d);
	const char *name = path_base(final);
	if (is_version_of(name, "python") || is_version_of(name, "pypy"))
		return python_add(d, path);
	if (is_version_of(name, "perl"))
		return perl_add(d, path);
	return 0;
}

char *known_interpreter(const char *path) {
	struct program_file f;
	if (!is_version_of(path_base(path), "python") || program_file_read(&f, path) != 0)
		return NULL;
	bool is_script = f.kind == KIND_SCRIPT;
	program_file_drop(&f);
	struct bytes said = { 0 };
	char *argv[] = { (char *)path, "-c", "import sys; print(sys.executable)", NULL };
	char *found = NULL;
	if (is_script && command_capture(argv, environ, false, &said) == 0 && *said.data == '/')
		found = text_copy_n(said.data, strcspn(said.data, "\n"));
	bytes_drop(&said);
	return found;
}

bool known_is_optional(const char *path) {
	static const char *const starts[] = { "/usr/lib/locale/", "/usr/share/locale", "/etc/ld.so.", "/etc/terminfo",
		"/lib/terminfo", "/usr/share/terminfo", "/usr/lib/x86_64-linux-gnu/gconv", "/proc/", "/sys/", "/dev/",
		"/run/", "/tmp/" };
	for (size_t i = 0; i < sizeof(starts) / sizeof(starts[0]); i++)
		if (text_starts(path, starts[i]))
			return true;
	return false;
}
