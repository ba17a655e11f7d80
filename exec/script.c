/*
 * exec/script.c: "#!": a script names its interpreter, with at most one argument; the script's own path takes the place
 * of argv[0]. Way in: script_resolve, again and again until the file is no script. Errors: ENOEXEC, those of opening the
 * interpreter, ENOENT for a script that exec itself makes unreachable. Source: execve(2), "Interpreter scripts".
 */
#include "exec/exec.h"
#include "fs/vfs.h"
#include "base/string.h"
#include "base/errno.h"
#include <linux/fcntl.h>

static bool is_blank(char c) { return c == ' ' || c == '\t'; }

/* Cuts the first line of head into the interpreter and its argument (NULL: none). 0 or -ENOEXEC. */
static int parse_line(char *head, char **interpreter, char **argument)
{
	char *end = memchr(head, '\n', EXEC_HEAD_SIZE);
	char *p = head + 2;
	if (!end) {
		/* a cut-off line will do if the interpreter's name is whole */
		end = head + EXEC_HEAD_SIZE - 1;
		char *q = p;
		while (q < end && is_blank(*q))
			q++;
		while (q <= end && *q && !is_blank(*q))
			q++;
		if (q > end)
			return -ENOEXEC;
	}
	*end = 0;
	while (end > p && is_blank(end[-1]))
		*--end = 0;
	while (is_blank(*p))
		p++;
	if (!*p)
		return -ENOEXEC;
	*interpreter = p;
	while (*p && !is_blank(*p))
		p++;
	*argument = NULL;
	if (!*p)
		return 0;
	*p++ = 0;
	while (is_blank(*p))
		p++;
	*argument = *p ? p : NULL;
	return 0;
}

int script_resolve(struct exec *e)
{
	char line[EXEC_HEAD_SIZE], *interpreter, *argument;
	if (e->image.head[0] != '#' || e->image.head[1] != '!')
		return -ENOEXEC;
	memcpy(line, e->image.head, sizeof(line));
	int err = parse_line(line, &interpreter, &argument);
	if (err)
		return err;
	if (e->is_path_closed)
		return -ENOENT;
	if (++e->depth > EXEC_DEPTH_MAX)
		return -ELOOP;
	if (e->argc)
		args_drop_first(e);
	err = args_push_string(e, e->script);
	if (!err && argument)
		err = args_push_string(e, argument);
	if (!err)
		err = args_push_string(e, interpreter);
	if (err)
		return err;
	e->argc += argument ? 3 : 2;
	strlcpy(e->interpreter_name, interpreter, sizeof(e->interpreter_name));
	e->script = e->interpreter_name;
	struct file *f = file_open_exec(AT_FDCWD, interpreter, 0);
	if (IS_ERR(f))
		return (int)PTR_ERR(f);
	file_allow_write(e->file);
	file_put(e->file);
	e->file = f;
	return exec_read_head(e);
}
