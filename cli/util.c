// Small things that every part of the host tool uses. See util.h.
#include "util.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

void *memory_new(size_t size) {
	return memset(memory_grow(NULL, size), 0, size);
}

void *memory_grow(void *old, size_t size) {
	void *p = realloc(old, size ? size : 1);
	if (p == NULL)
		_exit(fail(EXIT_TOOL, "out of memory", NULL, NULL));
	return p;
}

char *text_copy_n(const char *text, size_t length) {
	char *copy = memory_new(length + 1);
	return memcpy(copy, text, length);
}

char *text_copy(const char *text) {
	return text_copy_n(text, strlen(text));
}

char *text_format(const char *format, ...) {
	va_list args;
	va_start(args, format);
	char *text;
	if (vasprintf(&text, format, args) < 0)
		_exit(fail(EXIT_TOOL, "out of memory", NULL, NULL));
	va_end(args);
	return text;
}

bool text_starts(const char *text, const char *start) {
	return strncmp(text, start, strlen(start)) == 0;
}

bool text_ends(const char *text, const char *end) {
	size_t a = strlen(text), b = strlen(end);
	return a >= b && strcmp(text + a - b, end) == 0;
}

void list_add(struct list *l, char *owned) {
	l->items = memory_grow(l->items, (l->count + 2) * sizeof(char *));
	l->items[l->count++] = owned;
	l->items[l->count] = NULL;
}

bool list_has(const struct list *l, const char *text) {
	for (size_t i = 0; i < l->count; i++)
		if (strcmp(l->items[i], text) == 0)
			return true;
	return false;
}

void list_drop(struct list *l) {
	for (size_t i = 0; i < l->count; i++)
		free(l->items[i]);
	free(l->items);
	*l = (struct list){ 0 };
}

void bytes_add(struct bytes *b, const void *data, size_t size) {
	if (b->size + size + 1 > b->room) {
		b->room = (b->size + size + 1) * 2;
		b->data = memory_grow(b->data, b->room);
	}
	if (size > 0)
		memcpy(b->data + b->size, data, size);
	b->size += size;
	b->data[b->size] = '\0';
}

void bytes_add_text(struct bytes *b, const char *text) {
	bytes_add(b, text, strlen(text));
}

void bytes_drop(struct bytes *b) {
	free(b->data);
	*b = (struct bytes){ 0 };
}

int fd_read_all(int fd, struct bytes *out) {
	static char chunk[65536];
	bytes_add(out, "", 0);
	for (;;) {
		ssize_t n = read(fd, chunk, sizeof(chunk));
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			return 0;
		bytes_add(out, chunk, (size_t)n);
	}
}

int file_read(const char *path, struct bytes *out) {
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	int error = fd_read_all(fd, out);
	close(fd);
	return error;
}

static void line_write(const char *line, size_t size) {
	while (size > 0) {
		ssize_t n = write(2, line, size);
		if (n < 0 && errno != EINTR)
			return;
		if (n > 0) {
			line += n;
			size -= (size_t)n;
		}
	}
}

int fail(int status, const char *what, const char *which, const char *todo, ...) {
	char line[4096], more[2048] = "";
	if (todo != NULL) {
		va_list args;
		va_start(args, todo);
		vsnprintf(more, sizeof(more), todo, args);
		va_end(args);
	}
	int n = snprintf(line, sizeof(line), "furca: %s%s%.1500s%s%s\n", what, which ? ": " : "", which ? which : "",
		*more ? ": " : "", more);
	line_write(line, n < (int)sizeof(line) ? (size_t)n : sizeof(line) - 1);
	return status;
}

void note(const char *format, ...) {
	char line[4096];
	va_list args;
	va_start(args, format);
	int n = vsnprintf(line, sizeof(line) - 1, format, args);
	va_end(args);
	if (n > (int)sizeof(line) - 2)
		n = (int)sizeof(line) - 2;
	line[n++] = '\n';
	line_write(line, (size_t)n);
}

int command_capture(char *const argv[], char *const envp[], bool with_error, struct bytes *out) {
	int ends[2];
	if (pipe2(ends, O_CLOEXEC) != 0)
		return -errno;
	posix_spawn_file_actions_t actions;
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&actions, ends[1], 1);
	if (with_error)
		posix_spawn_file_actions_adddup2(&actions, ends[1], 2);
	else
		posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
	pid_t pid;
	int error = posix_spawn(&pid, argv[0], &actions, NULL, argv, envp);
	posix_spawn_file_actions_destroy(&actions);
	close(ends[1]);
	if (error == 0)
		error = -fd_read_all(ends[0], out);
	else
		pid = -1;
	close(ends[0]);
	int status = 0;
	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (error != 0)
		return -error;
	return WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_SIGNAL + WTERMSIG(status);
}

const char *path_base(const char *path) {
	const char *slash = strrchr(path, '/');
	return slash ? slash + 1 : path;
}

char *path_join(const char *base, const char *path) {
	char *whole = *path == '/' ? text_copy(path) : text_format("%s/%s", base, path);
	char *out = memory_new(strlen(whole) + 2);
	size_t end = 0;
	for (char *rest = whole, *part; (part = strsep(&rest, "/")) != NULL;) {
		if (*part == '\0' || strcmp(part, ".") == 0)
			continue;
		if (strcmp(part, "..") == 0) {
			while (end > 0 && out[--end] != '/')
				;
			out[end] = '\0';
			continue;
		}
		out[end++] = '/';
		strcpy(out + end, part);
		end += strlen(part);
	}
	if (end == 0)
		strcpy(out, "/");
	free(whole);
	return out;
}
