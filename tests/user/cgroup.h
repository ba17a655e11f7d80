/*
 * cgroup.h: a control group of the block's own, below which it makes what it tests. The hierarchy is mounted where no mount of
 * it is found; a block that cannot have one (not root, version 1 in use) is left out.
 */
#pragma once

#include "clone.h"
#include <linux/sched.h>
#include <poll.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>

#ifndef CLONE_INTO_CGROUP
#define CLONE_INTO_CGROUP 0x200000000ULL
#endif

static char cg_root[200], cg_top[256];

static inline bool cg_find_mount(void)
{
	char line[1000], at[200], type[40];
	FILE *f = fopen("/proc/self/mounts", "r");
	bool found = false;
	while (f && !found && fgets(line, sizeof line, f))
		found = sscanf(line, "%*s %199s %39s", at, type) == 2 && !strcmp(type, "cgroup2");
	if (f)
		fclose(f);
	if (found)
		strcpy(cg_root, at);
	return found;
}

/* The path of a file or group below the block's own: the last eight stay good. */
static inline const char *cg_at(const char *name)
{
	static char paths[8][400];
	static int next;
	char *path = paths[next++ % 8];
	snprintf(path, 400, "%s%s%s", cg_top, *name ? "/" : "", name);
	return path;
}

/* 0, or -errno. */
static inline int cg_write_at(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	ssize_t n = write(fd, text, strlen(text));
	int err = n == (ssize_t)strlen(text) ? 0 : -errno;
	close(fd);
	return err;
}
static inline int cg_write(const char *name, const char *text) { return cg_write_at(cg_at(name), text); }

static inline int cg_write_number(const char *name, long n)
{
	char text[30];
	snprintf(text, sizeof text, "%ld", n);
	return cg_write(name, text);
}

/* The file's text; on an error "errno N". */
static inline const char *cg_read(const char *name)
{
	static char texts[4][4096];
	static int next;
	char *text = texts[next++ % 4];
	int fd = open(cg_at(name), O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, 4095);
	if (n < 0)
		snprintf(text, 4096, "errno %d", errno);
	else
		text[n] = 0;
	if (fd >= 0)
		close(fd);
	return text;
}

static inline int cg_mkdir(const char *name) { return mkdir(cg_at(name), 0755); }
static inline int cg_rmdir(const char *name) { return rmdir(cg_at(name)); }

static inline int cg_lines(const char *name)
{
	int lines = 0;
	for (const char *c = cg_read(name); *c; c++)
		lines += *c == '\n';
	return lines;
}

/* "key value" lines of the file: the value, -1: not there. */
static inline long cg_key(const char *name, const char *key)
{
	const char *text = cg_read(name);
	size_t length = strlen(key);
	for (const char *line = text; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (!strncmp(line, key, length) && line[length] == ' ')
			return atol(line + length + 1);
	}
	return -1;
}

static inline void cg_remove_below(const char *path, int tries)
{
	char name[700];
	snprintf(name, sizeof name, "%s/cgroup.kill", path);
	cg_write_at(name, "1");
	DIR *dir = opendir(path);
	for (struct dirent *e; dir && (e = readdir(dir));)
		if (e->d_type == DT_DIR && e->d_name[0] != '.') {
			snprintf(name, sizeof name, "%s/%s", path, e->d_name);
			cg_remove_below(name, tries);
		}
	if (dir)
		closedir(dir);
	while (rmdir(path) && errno == EBUSY && tries-- > 0) {
		while (waitpid(-1, 0, WNOHANG) > 0)
			;
		check_sleep_ms(2);
	}
}

static inline void cg_leave(void)
{
	char path[300];
	snprintf(path, sizeof path, "%s/cgroup.procs", cg_root);
	cg_write_at(path, "0");
}

static inline void cg_end(void)
{
	cg_leave();
	cg_remove_below(cg_top, 500);
	CHECK_ERR(access(cg_top, F_OK), ENOENT);
}

static inline bool cg_begin(void)
{
	char path[300];
	if (geteuid())
		return false;
	if (!cg_find_mount()) {
		strcpy(cg_root, "/tmp/cgroup2");
		mkdir(cg_root, 0755);
		if (mount("cgroup2", cg_root, "cgroup2", 0, 0)) {
			rmdir(cg_root);
			return false;
		}
	}
	snprintf(path, sizeof path, "%s/cgroup.subtree_control", cg_root);
	if (cg_write_at(path, "+pids"))
		return false;
	snprintf(cg_top, sizeof cg_top, "%s/furca-test.%d", cg_root, getpid());
	return mkdir(cg_top, 0755) == 0;
}

/* Runs the block below with a group of its own at cg_at(""). */
#define IN_CGROUP for (bool in_ = cg_begin(); in_; cg_end(), in_ = false)

static inline pid_t clone_into(const char *name, unsigned long flags)
{
	int fd = open(cg_at(name), O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct clone_args args = {
		.flags = CLONE_INTO_CGROUP | flags, .exit_signal = flags & CLONE_THREAD ? 0 : SIGCHLD, .cgroup = (unsigned)fd,
	};
	pid_t pid = (pid_t)syscall(SYS_clone3, &args, sizeof args);
	int saved = errno;
	close(fd);
	errno = saved;
	return pid;
}

/* A child in the group that sleeps until it is killed. */
static inline pid_t cg_sleeper(const char *name)
{
	pid_t pid = clone_into(name, 0);
	if (pid == 0)
		for (;;)
			pause();
	CHECK(pid > 0);
	return pid;
}

static inline const char *cg_of(const char *who)
{
	static char text[1000];
	char path[60];
	snprintf(path, sizeof path, "/proc/%s/cgroup", who);
	check_slurp(path, text, sizeof text);
	char *line = strstr(text, "0::");
	if (!line)
		return "";
	line[strcspn(line, "\n")] = 0;
	return line + 3;
}
