/*
 * pid_ns.h: blocks that run as process 1 of a new pid namespace. Root's business: as another user they are left out.
 */
#pragma once

#include "clone.h"
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>

/* fork() into new namespaces; in the child the C library's idea of its thread id is the parent's. */
static inline pid_t ns_fork(unsigned long flags)
{
	struct clone_args args = {.flags = flags, .exit_signal = SIGCHLD};
	return (pid_t)syscall(SYS_clone3, &args, sizeof args);
}

static inline pid_t ns_child_begin(void)
{
	if (geteuid())
		return -1;
	pid_t pid = ns_fork(CLONE_NEWPID);
	if (pid == 0)
		check_failed = 0;
	if (pid < 0)
		check_fail("pid_ns.h", __LINE__, "clone3 (errno %d %s)", errno, strerror(errno));
	return pid;
}

/* As IN_CHILD_ENDS and IN_CHILD of check.h. */
#define IN_PID_NS_ENDS(want)                                         \
	for (pid_t child_ = ns_child_begin(); child_ >= 0;           \
	     child_ = check_child_end(child_, (want), __FILE_NAME__, __LINE__)) \
		if (child_ == 0)
#define IN_PID_NS IN_PID_NS_ENDS(EXITED(0))

/* A pair of pipes' ends to meet at: each side says one byte and waits for the other's. */
struct meeting {
	int here[2], there[2];
};

static inline void meeting_init(struct meeting *m)
{
	NEED_OK(pipe(m->here));
	NEED_OK(pipe(m->there));
}

static inline void meet_parent(struct meeting *m)
{
	char c = 0;
	CHECK_EQ(write(m->there[1], &c, 1), 1);
	CHECK_EQ(read(m->here[0], &c, 1), 1);
}

static inline void meet_child(struct meeting *m)
{
	char c = 0;
	CHECK_EQ(read(m->there[0], &c, 1), 1);
	CHECK_EQ(write(m->here[1], &c, 1), 1);
}

/* The text after "Key:" in /proc/WHO/status as seen under the mount at proc, without the line's end; "" when not there. */
static inline const char *ns_status(const char *proc, const char *who, const char *key)
{
	static char text[16384], path[200];
	size_t length = strlen(key);
	snprintf(path, sizeof path, "%s/%s/status", proc, who);
	if (check_slurp(path, text, sizeof text) < 0)
		return "";
	for (char *line = text; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (!strncmp(line, key, length) && line[length] == ':') {
			line += length + 1;
			line[strcspn(line, "\n")] = 0;
			return line + (*line == '\t');
		}
	}
	return "";
}
