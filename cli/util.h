// Small things that every part of the host tool uses: memory that is there or the tool ends, lists, bytes, messages.
#ifndef FURCA_CLI_UTIL_H
#define FURCA_CLI_UTIL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Exit statuses of the tool itself; the program's own are passed on.
enum { EXIT_TIMEOUT = 124, EXIT_TOOL = 125, EXIT_CANNOT_RUN = 126, EXIT_NOT_FOUND = 127, EXIT_SIGNAL = 128 };

struct list {
	char **items; // owned strings, and a NULL after the last
	size_t count;
};

struct bytes {
	char *data;
	size_t size, room;
};

void *memory_new(size_t size); // zeroed
void *memory_grow(void *old, size_t size);
char *text_copy(const char *text);
char *text_copy_n(const char *text, size_t length);
[[gnu::format(printf, 1, 2)]] char *text_format(const char *format, ...);
bool text_starts(const char *text, const char *start);
bool text_ends(const char *text, const char *end);

void list_add(struct list *l, char *owned);
bool list_has(const struct list *l, const char *text);
void list_drop(struct list *l);

void bytes_add(struct bytes *b, const void *data, size_t size);
void bytes_add_text(struct bytes *b, const char *text);
void bytes_drop(struct bytes *b);

// Reads a whole file (or what a descriptor still gives). 0 or -errno; the data ends with a NUL that size leaves out.
int file_read(const char *path, struct bytes *out);
int fd_read_all(int fd, struct bytes *out);

// "furca: what: which: what to do" on standard error, in one write. `which` or `todo` may be NULL. Returns status.
[[gnu::format(printf, 4, 5)]] int fail(int status, const char *what, const char *which, const char *todo, ...);
[[gnu::format(printf, 1, 2)]] void note(const char *format, ...);

// Runs a program and takes what it writes (standard output, and error too if asked). Its exit status, or -errno.
int command_capture(char *const argv[], char *const envp[], bool with_error, struct bytes *out);

// Paths as text only: "a/./b/../c" below `base` becomes absolute and plain.
char *path_join(const char *base, const char *path);
const char *path_base(const char *path);
#endif
