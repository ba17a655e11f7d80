/* mounts.h: what the tests of mounts share: a tree of one's own, and what /proc/self/mountinfo says of a mount. */
#pragma once
#include "check.h"
#include <sched.h>
#include <sys/mount.h>

/* A private tree of mounts, with an empty tmpfs as current directory: nothing is left of it when the block ends. False: the
 * caller has not the right. */
static inline bool mounts_begin(void)
{
	if (geteuid() || unshare(CLONE_NEWNS))
		return false;
	NEED_OK(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL));
	mkdir("/tmp", 01777);
	NEED_OK(mount("top", "/tmp", "tmpfs", 0, NULL));
	NEED_OK(chdir("/tmp"));
	return true;
}

static inline void mounts_dir(const char *path) { NEED_OK(mkdir(path, 0755)); }
static inline void mounts_tmpfs(const char *path) { NEED_OK(mount("t", path, "tmpfs", 0, NULL)); }
static inline void mounts_type(const char *path, unsigned long type) { NEED_OK(mount(NULL, path, NULL, type, NULL)); }
static inline void mounts_bind(const char *from, const char *to) { NEED_OK(mount(from, to, NULL, MS_BIND, NULL)); }

/* A file in it tells whether a tree shows what it should. */
static inline void mounts_mark(const char *path) { NEED_OK(check_spew(path, "x", 1, 0644)); }
static inline bool mounts_has(const char *path) { return access(path, F_OK) == 0; }

struct mount_line { int id, parent, shared, master, from; bool is_unbindable; char root[200], flags[200], type[40], options[200]; };

static inline bool mounts_parse(char *line, const char *want, struct mount_line *m)
{
	char at[300], word[100], source[200];
	int used = 0, n;
	memset(m, 0, sizeof *m);
	if (sscanf(line, "%d %d %*s %199s %299s %199s%n", &m->id, &m->parent, m->root, at, m->flags, &used) != 5)
		return false;
	if (strcmp(at, want))
		return false;
	for (char *s = line + used; sscanf(s, " %99s%n", word, &n) == 1; s += n) {
		if (!strcmp(word, "-"))
			return sscanf(s + n, "%39s %199s %199s", m->type, source, m->options) == 3;
		m->is_unbindable |= !strcmp(word, "unbindable");
		sscanf(word, "shared:%d", &m->shared);
		sscanf(word, "master:%d", &m->master);
		sscanf(word, "propagate_from:%d", &m->from);
	}
	return false;
}

/* How many mounts the path has; *m: the last of them. A path that is not absolute lies in /tmp. */
static inline int mounts_find(const char *path, struct mount_line *m)
{
	static char text[65536];
	struct mount_line one;
	char want[300];
	int found = 0;
	snprintf(want, sizeof want, "%s%s", *path == '/' ? "" : "/tmp/", path);
	check_slurp("/proc/thread-self/mountinfo", text, sizeof text);
	for (char *line = text, *end; *line; line = end + 1) {
		end = strchr(line, '\n');
		if (!end)
			break;
		*end = 0;
		if (mounts_parse(line, want, &one)) {
			*m = one;
			found++;
		}
	}
	return found;
}

static inline bool mounts_is(const char *path) { struct mount_line m; return mounts_find(path, &m) > 0; }

/* The type of propagation, in letters: s(hared) m(aster: a slave) u(nbindable) or "-" (private); "?" no mount. */
static inline const char *mounts_kind(const char *path)
{
	static char kind[8];
	struct mount_line m;
	if (!mounts_find(path, &m))
		return "?";
	snprintf(kind, sizeof kind, "%s%s%s", m.shared ? "s" : "", m.master ? "m" : "", m.is_unbindable ? "u" : "");
	return *kind ? kind : "-";
}
static inline int mounts_group(const char *path) { struct mount_line m; return mounts_find(path, &m) ? m.shared : -1; }
static inline int mounts_master(const char *path) { struct mount_line m; return mounts_find(path, &m) ? m.master : -1; }

/* A mount that is s, m, sm, - or u, on path, which is made; its master, if it has one, on path with an M. */
static inline void mounts_of_kind(const char *path, const char *kind)
{
	char master[100];
	mounts_dir(path);
	if (strchr(kind, 'm')) {
		snprintf(master, sizeof master, "%sM", path);
		mounts_dir(master);
		mounts_tmpfs(master);
		mounts_type(master, MS_SHARED);
		mounts_bind(master, path);
		mounts_type(path, MS_SLAVE);
	} else {
		mounts_tmpfs(path);
	}
	if (strchr(kind, 's'))
		mounts_type(path, MS_SHARED);
	if (strchr(kind, 'u'))
		mounts_type(path, MS_UNBINDABLE);
	CHECK_STR(mounts_kind(path), kind);
}
