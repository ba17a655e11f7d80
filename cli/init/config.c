// Reads the configuration that the host tool packed: NUL-terminated "key=value" records (protocol.h).
// The strings are borrowed from the file's bytes, which are kept for good.
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "init.h"

static char *file_read(const char *path, size_t *size) {
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return NULL;
	struct stat st;
	char *data = NULL;
	*size = 0;
	if (fstat(fd, &st) == 0 && (data = malloc((size_t)st.st_size + 1)) != NULL) {
		ssize_t n;
		while (*size < (size_t)st.st_size && (n = read(fd, data + *size, (size_t)st.st_size - *size)) > 0)
			*size += (size_t)n;
		data[*size] = '\0';
	}
	close(fd);
	return data;
}

static size_t count_of(const char *data, size_t size, const char *key) {
	size_t count = 0, length = strlen(key);
	for (const char *p = data; p < data + size; p += strlen(p) + 1)
		count += strncmp(p, key, length) == 0;
	return count;
}

static bool list_new(char ***list, const char *data, size_t size, const char *key) {
	*list = calloc(count_of(data, size, key) + 1, sizeof(char *));
	return *list != NULL;
}

static void take(struct config *c, char *record) {
	char *value = strchr(record, '=');
	if (value == NULL)
		return;
	size_t key = (size_t)(value++ - record);
#define IS(name) (key == sizeof(name) - 1 && memcmp(record, name, key) == 0)
	if (IS("arg"))
		c->argv[c->argc++] = value;
	else if (IS("env"))
		c->envp[c->envc++] = value;
	else if (IS("mod"))
		c->modules[c->modules_count++] = value;
	else if (IS("exe"))
		c->exe = value;
	else if (IS("cwd"))
		c->cwd = value;
	else if (IS("host"))
		c->host = value;
	else if (IS("stdin"))
		c->stdin_file = value;
	else if (IS("termios"))
		c->termios = value;
	else if (IS("win"))
		c->win = value;
	else if (IS("tty"))
		c->tty = (unsigned)strtoul(value, NULL, 10);
	else if (IS("merge"))
		c->merge = *value == '1';
	else if (IS("cooked"))
		c->cooked = *value == '1';
	else if (IS("ignore"))
		c->ignored |= UINT64_C(1) << ((strtoul(value, NULL, 10) - 1) & 63);
#undef IS
}

int config_read(struct config *c, const char *path) {
	size_t size;
	char *data = file_read(path, &size);
	if (data == NULL)
		return -errno;
	if (!list_new(&c->argv, data, size, "arg=") || !list_new(&c->envp, data, size, "env=") ||
		!list_new(&c->modules, data, size, "mod="))
		return -ENOMEM;
	for (char *p = data; p < data + size; p += strlen(p) + 1)
		take(c, p);
	return c->exe != NULL && c->argc > 0 ? 0 : -EINVAL;
}
