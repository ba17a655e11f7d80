/* cgroup/node.h: what an inode of the file system stands for: shared by files.c and fs.c. */
#ifndef CGROUP_NODE_H
#define CGROUP_NODE_H
#include "cgroup/cgroup.h"
#include "fs/internal.h"
#include "fs/proc/proc.h"

struct cgroup_open;
/* A file of a group. */
struct cgroup_row {
	const char *name;
	u32 mode;
	u8 flags;
	int (*show)(struct text *t, struct cgroup *c);		/* 0 or -errno */
	int (*write)(struct cgroup *c, const struct file *f, char *text);	/* 0 or -errno; text without spaces around */
};
#define ROW_NOT_ON_ROOT 1
#define ROW_OF_PIDS 2		/* there where the controller is on */
#define ROW_DELEGATABLE 4	/* may be written in the root of a namespace from within, with nsdelegate */
extern const struct cgroup_row cgroup_rows[];

/* inode->private; row NULL: the directory. */
struct cgroup_node {
	struct cgroup *cgroup;		/* reference */
	const struct cgroup_row *row;
	u32 changes;			/* how often its reader was to be told. tasklist_lock */
	struct waitqueue poll;
	struct inode *inode;		/* borrowed: its own */
};
extern const struct file_ops cgroup_file_fops;
struct cgroup *cgroup_ns_root_of(const struct file *f);	/* borrowed: the opener's namespace's */
#endif
