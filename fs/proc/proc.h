/*
 * fs/proc/proc.h: procfs from inside: text that is made when it is read, and two tables of names: what every process has
 * (process.c) and what the system has (root.c). A file is a row: a name and a function that prints.
 */
#ifndef FS_PROC_PROC_H
#define FS_PROC_PROC_H
#include "fs/internal.h"
#include "task/task.h"

/* Text that grows; out_of_memory sticks, and the read says ENOMEM. */
struct text {
	char *buf;		/* owned */
	size_t used, size;
	bool out_of_memory;
	void *view;		/* the file's own: what it has kept since it was opened */
};
void text_print(struct text *t, const char *fmt, ...) __printf(2, 3);
void text_put(struct text *t, const void *bytes, size_t n);
void text_free(struct text *t);
/* A path as /proc/PID/maps and mounts show it: the bytes in `escape` as octal. */
void text_put_escaped(struct text *t, const char *s, const char *escape);

/* For files with operations of their own. The part of the whole text that a read of n bytes at *pos gets; takes the text over. */
ssize_t proc_text_give(struct text *t, uptr buf, size_t n, loff *pos);
/* All of a write in kernel memory, ended with a zero: from the beginning of the file, less than max. ERR_PTR. */
char *proc_text_take(uptr buf, size_t n, size_t max, const loff *pos);

struct proc_ref;
typedef int (*proc_show)(struct text *t, const struct proc_ref *r);	/* 0 or -errno */
/* One write of at most a page, NUL-terminated for the function: bytes taken or -errno. */
typedef ssize_t (*proc_write)(const struct proc_ref *r, char *text, size_t n);

/* A row of a table. */
struct proc_row {
	const char *name;	/* system files: the path below /proc */
	u32 mode;		/* S_IF* | permissions */
	proc_show show;
	proc_write write;
	int (*link)(const struct proc_ref *r, struct path *out, char *text, size_t size); /* a link: a path, or text (out
												untouched: dentry NULL) */
	bool is_private;	/* only for those who may look into the process (ptrace's rule) */
	const struct file_ops *fops;	/* special files */
	int (*permission)(unsigned mask);	/* 0 or -EACCES in place of the mode's rule; NULL */
};
/* What one mount of procfs shows, and to whom; in sb->private. */
enum hide_pid { HIDE_OFF, HIDE_NO_ACCESS, HIDE_INVISIBLE, HIDE_NOT_PTRACEABLE = 4 };
struct proc_super {
	struct pid_ns *ns;		/* reference: the mounter's */
	enum hide_pid hide_pid;		/* what those who may not look into a process see of it */
	u32 gid;			/* but for members of this group */
	bool has_only_pids;		/* subset=pid: nothing of the system */
};
/* super.c */
struct user_namespace *proc_owner(void);	/* the mounter's pid namespace's */
struct superblock *proc_mount(const struct fs_type *type, u64 flags, const char *source, const char *options);
int proc_remount(struct superblock *sb, const char *options);
void proc_show_options(struct superblock *sb, char *buf, size_t size);
void proc_destroy_super(struct superblock *sb);
/* Is the process hidden from current to the degree that `from` names? */
bool proc_hides(const struct proc_super *s, struct task *t, enum hide_pid from);

/* What an inode of procfs stands for; in inode->private. */
struct proc_ref {
	const struct proc_row *row;	/* NULL: a directory */
	const struct proc_super *super;	/* borrowed: of the superblock */
	struct pid *pid;		/* reference; NULL: a system file */
	bool is_thread;			/* below task/ */
	enum {
		DIR_ROOT, DIR_PROCESS, DIR_TASKS, DIR_FD, DIR_FDINFO, DIR_MAP_FILES, DIR_NS, DIR_NET, DIR_SYSTEM,
		FD_LINK, FD_INFO, MAP_LINK, ROW,
	} kind;
	const char *prefix;		/* DIR_SYSTEM: owned, "sys/kernel/" */
	int fd;
	uptr start, end;		/* MAP_LINK */
};

/* Text files with more to them: they wrap open and release (f->private is a struct text, or NULL), or add a poll. */
int proc_text_open(struct inode *i, struct file *f);
void proc_text_release(struct file *f);
ssize_t proc_text_read(struct file *f, uptr buf, size_t n, loff *pos);
ssize_t proc_text_read_kernel(struct file *f, void *buf, size_t n, loff *pos);
ssize_t proc_text_write(struct file *f, uptr buf, size_t n, loff *pos);
loff proc_text_seek(struct file *f, loff off, int whence);
#define PROC_TEXT_FOPS(open_, release_) .open = open_, .release = release_, .read = proc_text_read, \
	.keeps_state = true, .read_kernel = proc_text_read_kernel, .write = proc_text_write, .seek = proc_text_seek

extern const struct proc_row proc_process_rows[], proc_system_rows[], proc_ns_rows[], proc_net_rows[];
extern const struct inode_ops proc_dir_ops, proc_link_ops, proc_text_link_ops, proc_file_inode_ops;
extern const struct file_ops proc_dir_fops, proc_text_fops, proc_mem_fops,
	proc_fail_nth_fops, proc_id_map_fops, proc_setgroups_fops, proc_timens_fops;

/* The task behind r: a reference, or NULL: gone. */
struct task *proc_task(const struct proc_ref *r);
/* Numbers as the mount's pid namespace has them; 0: not in it. */
static inline int proc_number(const struct proc_ref *r, const struct pid *p) { return pid_number_in(p, r->super->ns); }
static inline int proc_tid(const struct proc_ref *r, const struct task *t) { return proc_number(r, t->pid); }
static inline int proc_tgid(const struct proc_ref *r, const struct task *t)
{
	return t->signal ? proc_number(r, t->signal->pids[PID_TGID]) : 0;
}
/* May current look into t? 0 or -EACCES. */
int proc_may_look(struct task *t);
/* The process whose folder /proc/PID i is: borrowed from i; NULL: i is something else. */
struct pid *proc_process_of(const struct inode *i);
extern const struct super_ops proc_super_ops;
struct inode *proc_inode(struct superblock *sb, const struct proc_ref *r, u32 mode);
void proc_init(void);

/* maps.c */
int proc_show_maps(struct text *t, const struct proc_ref *r);
int proc_show_smaps(struct text *t, const struct proc_ref *r);
int proc_show_smaps_rollup(struct text *t, const struct proc_ref *r);
int proc_show_statm(struct text *t, const struct proc_ref *r);
int proc_show_environ(struct text *t, const struct proc_ref *r);
int proc_show_auxv(struct text *t, const struct proc_ref *r);
extern const struct file_ops proc_mm_text_fops;	/* of these and what follows: they stay with an address space */
/* process.c: the bytes [start, end) of a process's memory; what cannot be read ends it. */
void proc_show_memory(struct text *t, struct mm *mm, uptr start, uptr end);
int proc_show_mm(struct text *t, const struct proc_ref *r, size_t (*report)(struct mm *mm, char *buf, size_t size));
/* mounts.c */
int proc_show_mounts(struct text *t, const struct proc_ref *r);
int proc_show_mountinfo(struct text *t, const struct proc_ref *r);
int proc_show_mountstats(struct text *t, const struct proc_ref *r);
extern const struct file_ops proc_mounts_fops;
/* mem.c: files about an address space, whose name they keep in f->private */
int proc_mm_hold(const struct proc_ref *r, bool as_tracer, struct mm **out);	/* *out: a hold (mm_release), or NULL: none */
int proc_mm_open(struct inode *i, struct file *f);
void proc_mm_release(struct file *f);
loff proc_mm_seek(struct file *f, loff off, int whence);
/* pages.c */
extern const struct file_ops proc_pagemap_fops;
ssize_t proc_write_clear_refs(const struct proc_ref *r, char *text, size_t n);
/* The file mapped at exactly r's range: its path. 0 or -errno. */
int proc_map_path(const struct proc_ref *r, struct path *out);
bool proc_map_name_parse(const char *name, struct proc_ref *r);	/* "start-end", as /proc/PID/maps has it */
void proc_list_maps(struct dir_context *c, struct task *t);
/* task_files.c */
int proc_show_oom_score_adj(struct text *t, const struct proc_ref *r);
ssize_t proc_write_oom_score_adj(const struct proc_ref *r, char *text, size_t n);
int proc_show_oom_adj(struct text *t, const struct proc_ref *r);
ssize_t proc_write_oom_adj(const struct proc_ref *r, char *text, size_t n);
int proc_show_timerslack(struct text *t, const struct proc_ref *r);
ssize_t proc_write_timerslack(const struct proc_ref *r, char *text, size_t n);
int proc_show_timers(struct text *t, const struct proc_ref *r);
int proc_show_schedstat(struct text *t, const struct proc_ref *r);
int proc_show_no_login(struct text *t, const struct proc_ref *r);
/* status.c */
int proc_show_stat(struct text *t, const struct proc_ref *r);
int proc_show_status(struct text *t, const struct proc_ref *r);
/* system.c */
int proc_show_cpuinfo(struct text *t, const struct proc_ref *r);
int proc_show_meminfo(struct text *t, const struct proc_ref *r);
int proc_show_system_stat(struct text *t, const struct proc_ref *r);
int proc_show_slabinfo(struct text *t, const struct proc_ref *r);
int proc_show_objects(struct text *t, const struct proc_ref *r);
int proc_show_vmstat(struct text *t, const struct proc_ref *r);
/* ns.c: is the kind that the row of proc_ns_rows links to offered? */
bool proc_ns_is_offered(const struct proc_row *row);
/* sys_user.c */
int proc_show_user_max(struct text *t, const struct proc_ref *r);
ssize_t proc_write_user_max(const struct proc_ref *r, char *text, size_t n);
int proc_user_max_permission(unsigned mask);
/* sysrq.c */
ssize_t proc_write_sysrq(const struct proc_ref *r, char *text, size_t n);
#endif
