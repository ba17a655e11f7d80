// What a program needs to start. The libraries are those that the program's own loader names ("ld.so --list"), run here
// with the environment that the program will have in the VM, so that both find the same.
// Errors: an exit status after a message.
#include "deps.h"

#include <elf.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "known.h"

#define LOADER_DEFAULT "/lib64/ld-linux-x86-64.so.2"

enum { SCRIPTS_MAX = 5 };

void deps_drop(struct deps *d) {
	list_drop(&d->sonames);
	list_drop(&d->done);
}

static bool is_runnable(const char *path, int *error) {
	struct stat st;
	if (stat(path, &st) != 0) {
		*error = errno;
		return false;
	}
	*error = S_ISDIR(st.st_mode) ? EISDIR : access(path, X_OK) != 0 ? EACCES : 0;
	return *error == 0;
}

char *path_search(const char *name, const char *path, int *error) {
	char *copy = text_copy(path), *found = NULL;
	*error = ENOENT;
	for (char *rest = copy, *folder; found == NULL && (folder = strsep(&rest, ":")) != NULL;) {
		int why;
		char *candidate = text_format("%s/%s", *folder ? folder : ".", name);
		if (is_runnable(candidate, &why)) {
			found = candidate;
			*error = 0;
			break;
		}
		if (why == EACCES)
			*error = EACCES;
		free(candidate);
	}
	free(copy);
	return found;
}

static char *absolute(const char *path) {
	char here[PATH_MAX];
	if (*path == '/' || getcwd(here, sizeof(here)) == NULL)
		return text_copy(path);
	return path_join(here, path);
}

int program_find(const char *name, char **path) {
	int error = 0;
	char *found = NULL;
	if (strchr(name, '/') == NULL) {
		const char *paths = getenv("PATH");
		found = path_search(name, paths ? paths : "/usr/local/bin:/usr/bin:/bin", &error);
		if (error == ENOENT)
			return fail(EXIT_NOT_FOUND, "no such program", name,
				"it is not on PATH: install it, or give its path");
	} else if (is_runnable(name, &error)) {
		found = text_copy(name);
	}
	if (error == ENOENT || error == ENOTDIR)
		return fail(EXIT_NOT_FOUND, "no such program", name, "check the path");
	if (error == EISDIR)
		return fail(EXIT_CANNOT_RUN, "cannot run it", name, "it is a folder: name a program in it");
	if (error == EACCES)
		return fail(EXIT_CANNOT_RUN, "cannot run it", name,
			"it is not executable: chmod +x it, or run its interpreter");
	if (error != 0)
		return fail(EXIT_CANNOT_RUN, "cannot run it", name, "%s", strerror(error));
	*path = absolute(found);
	free(found);
	return 0;
}

// --- libraries ---

static void missing_parse(const char *line, size_t length, char **missing) {
	static const char *const before[] = { "error while loading shared libraries: ",
		"Error loading shared library " };
	for (size_t i = 0; i < 2 && *missing == NULL; i++) {
		const char *at = memmem(line, length, before[i], strlen(before[i]));
		if (at != NULL) {
			at += strlen(before[i]);
			*missing = text_copy_n(at, strcspn(at, ":\n"));
		}
	}
	const char *arrow = memmem(line, length, " => not found", 13);
	if (arrow != NULL && *missing == NULL) {
		line += strspn(line, " \t");
		*missing = text_copy_n(line, (size_t)(arrow - line));
	}
}

void loader_parse(const char *text, struct list *files, char **missing) {
	*missing = NULL;
	while (*text != '\0') {
		size_t length = strcspn(text, "\n");
		missing_parse(text, length, missing);
		const char *arrow = memmem(text, length, " => ", 4);
		const char *path = arrow != NULL ? arrow + 4 : text + strspn(text, " \t");
		const char *end = memmem(path, length - (size_t)(path - text), " (0x", 4);
		if (*path == '/' && end != NULL) {
			char *file = text_copy_n(path, (size_t)(end - path));
			if (list_has(files, file))
				free(file);
			else
				list_add(files, file);
		}
		text += length;
		text += *text == '\n';
	}
}

static int library_add(struct deps *d, const char *path) {
	const char *soname = path_base(path);
	if (list_has(&d->done, path))
		return 0;
	list_add(&d->done, text_copy(path));
	if (!list_has(&d->sonames, soname))
		list_add(&d->sonames, text_copy(soname));
	int error = image_add_host(d->im, path, NULL);
	return error ? fail(EXIT_TOOL, "cannot bring a library along", path, "%s", strerror(-error)) : 0;
}

static int libraries_add(struct deps *d, const char *path, const char *loader) {
	char *argv[] = { (char *)loader, "--list", (char *)path, NULL };
	struct bytes said = { 0 };
	struct list files = { 0 };
	char *missing;
	int status = command_capture(argv, (char **)d->envp, true, &said), end = 0;
	loader_parse(said.data ? said.data : "", &files, &missing);
	if (missing != NULL && !d->in_tree)
		end = fail(EXIT_TOOL, "missing library", missing,
			"%s needs it: install its package, or name its folder with -e LD_LIBRARY_PATH=DIR", path);
	else if (status != 0 && files.count == 0 && !d->in_tree)
		end = fail(EXIT_CANNOT_RUN, "cannot list the libraries", path, "%s --list failed", loader);
	for (size_t i = 0; i < files.count && end == 0; i++)
		end = library_add(d, files.items[i]);
	free(missing);
	bytes_drop(&said);
	list_drop(&files);
	return end;
}

static bool has_all_needed(const struct deps *d, const struct program_file *f) {
	for (size_t i = 0; i < f->needed.count; i++)
		if (!list_has(&d->sonames, f->needed.items[i]))
			return false;
	return true;
}

// --- programs ---

static int elf_check(const struct program_file *f, const char *path) {
	if (f->machine != EM_X86_64 || f->bits != 64)
		return fail(EXIT_CANNOT_RUN, "wrong architecture", path,
			"it is for %s, the VM is x86-64: build or install it for x86-64",
			f->machine == EM_X86_64 ? "x32" : elf_machine_name(f->machine));
	if (f->is_object)
		return fail(EXIT_CANNOT_RUN, "not a program", path, "it is an object file: link it first");
	return 0;
}

static int elf_add(struct deps *d, const struct program_file *f, const char *path) {
	int status = elf_check(f, path);
	if (status != 0 || f->interpreter == NULL)
		return status;
	int error = image_add_host(d->im, f->interpreter, NULL);
	if (error != 0 && d->in_tree)
		return 0;
	if (error != 0)
		return fail(EXIT_CANNOT_RUN, "missing interpreter", f->interpreter,
			"%s needs it: install the C library it was built for", path);
	if (!list_has(&d->sonames, path_base(f->interpreter)))
		list_add(&d->sonames, text_copy(path_base(f->interpreter)));
	return libraries_add(d, path, f->interpreter);
}

static int program_add(struct deps *d, const char *path, int depth);

// "#!/usr/bin/env NAME" needs NAME as well, from the PATH that the program will have.
static int env_add(struct deps *d, const struct program_file *f, const char *script, int depth) {
	const char *name = f->argument;
	if (name == NULL || strcmp(path_base(f->interpreter), "env") != 0)
		return 0;
	if (text_starts(name, "-S"))
		name += 2 + strspn(name + 2, " \t");
	char *word = text_copy_n(name, strcspn(name, " \t"));
	int error = 0, status = 0;
	char *found = *word == '/' ? text_copy(word) : NULL;
	if (found == NULL && *word != '\0' && *word != '-' && strchr(word, '=') == NULL) {
		found = path_search(word, GUEST_PATH, &error);
		if (found == NULL)
			status = fail(EXIT_NOT_FOUND, "missing interpreter", word,
				"%s asks env for it: install it, or run it by its path", script);
	}
	if (found != NULL)
		status = program_add(d, found, depth + 1);
	free(found);
	free(word);
	return status;
}

static int script_add(struct deps *d, const struct program_file *f, const char *path, int depth) {
	if (*f->interpreter == '\0')
		return fail(EXIT_CANNOT_RUN, "cannot run it", path, "its first line names no interpreter");
	if (access(f->interpreter, F_OK) != 0)
		return fail(EXIT_NOT_FOUND, "missing interpreter", f->interpreter,
			"%s asks for it in its first line: install it", path);
	char *interpreter = absolute(f->interpreter);
	int status = program_add(d, interpreter, depth + 1);
	free(interpreter);
	return status != 0 ? status : env_add(d, f, path, depth);
}

static int program_add(struct deps *d, const char *path, int depth) {
	if (list_has(&d->done, path))
		return 0;
	list_add(&d->done, text_copy(path));
	if (depth > SCRIPTS_MAX)
		return fail(EXIT_CANNOT_RUN, "cannot run it", path, "scripts that run scripts, too many deep");
	struct program_file f;
	char *final = NULL;
	int error = program_file_read(&f, path), status = 0;
	if (error == 0)
		error = image_add_host(d->im, path, &final);
	if (error != 0)
		status = fail(EXIT_CANNOT_RUN, "cannot read", path,
			"%s: a program must be readable to be brought along", strerror(-error));
	else if (f.kind == KIND_ELF)
		status = elf_add(d, &f, path);
	else if (f.kind == KIND_SCRIPT)
		status = script_add(d, &f, path, depth);
	else if (f.kind == KIND_TEXT)
		status = program_add(d, "/bin/sh", depth + 1);
	else
		status = fail(EXIT_CANNOT_RUN, "not a program", path, "it is neither an ELF file nor a script");
	if (status == 0)
		status = known_add(d, path, final);
	program_file_drop(&f);
	free(final);
	return status;
}

int deps_add_program(struct deps *d, const char *path) {
	return program_add(d, path, 0);
}

int deps_add_object(struct deps *d, const char *path) {
	struct program_file f;
	struct stat st;
	int status = 0;
	if (stat(path, &st) != 0 || !S_ISREG(st.st_mode) || list_has(&d->done, path))
		return 0;
	bool is_library = strstr(path_base(path), ".so") != NULL;
	if (!(st.st_mode & 0111) && !is_library)
		return 0;
	if (program_file_read(&f, path) == 0 && f.kind == KIND_ELF && f.machine == EM_X86_64 && f.bits == 64 &&
		!f.is_object) {
		list_add(&d->done, text_copy(path));
		const char *loader = f.interpreter ? f.interpreter : LOADER_DEFAULT;
		if (f.interpreter != NULL && !is_library)
			status = elf_add(d, &f, path);
		else if (f.needed.count > 0 && !has_all_needed(d, &f) && access(loader, X_OK) == 0)
			status = libraries_add(d, path, loader);
	}
	program_file_drop(&f);
	return status;
}

// In a folder that is brought along, a program that lacks a library is no reason to refuse the others.
static int tree_object(void *context, const char *host) {
	struct deps *d = context;
	struct program_file f;
	struct stat st;
	if (lstat(host, &st) != 0)
		return 0;
	if (S_ISLNK(st.st_mode)) {
		// The file at the other end too, if there is one; a link to nowhere is none here either.
		if (stat(host, &st) == 0 && S_ISREG(st.st_mode) && !d->im->has_rootfs)
			image_add_host(d->im, host, NULL);
		return 0;
	}
	bool may_need = S_ISREG(st.st_mode) && ((st.st_mode & 0111) || strstr(path_base(host), ".so") != NULL);
	if (!may_need || program_file_read(&f, host) != 0)
		return 0;
	bool is_wanted = f.kind == KIND_ELF && !has_all_needed(d, &f);
	bool is_program = f.kind == KIND_ELF && f.interpreter != NULL && f.needed.count > 0;
	program_file_drop(&f);
	if (!is_wanted && !is_program)
		return 0;
	d->in_tree = true;
	int status = deps_add_object(d, host);
	d->in_tree = false;
	return status;
}

int deps_add_tree(struct deps *d, const char *path, const char *host, bool (*skip)(const char *name)) {
	struct tree_walk by = { .skip = skip, .each = tree_object, .context = d };
	return image_add_tree(d->im, path, host, &by);
}

void deps_add_optional(struct deps *d, const char *path) {
	if (access(path, R_OK) == 0 && image_add_host(d->im, path, NULL) == 0)
		deps_add_object(d, path);
}
