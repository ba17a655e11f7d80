/*
 * fs/tty/pty.h: a pseudo-terminal: a terminal (the slave) whose other end is a file (the master) instead of a line.
 * Locks: all fields under tty.lock, but for the counts of the rings, which wait conditions and poll look at without it.
 */
#ifndef FS_TTY_PTY_H
#define FS_TTY_PTY_H
#include "fs/tty/ring.h"
#include "fs/tty/tty_core.h"

struct pty {
	struct tty tty;			/* first: the slave */
	struct superblock *sb;		/* reference: the devpts instance that names it */
	struct ring input;		/* typed by the master, not yet taken by the discipline */
	struct ring output;		/* for the master to read */
	struct waitqueue master_read, master_write;
	struct dentry *node;		/* reference, until the master is closed: its name in devpts */
	bool is_locked;			/* the slave cannot be opened: TIOCSPTLCK */
	bool is_packet;			/* TIOCPKT */
	u8 packet_status;		/* TIOCPKT_* that the master has not read yet */
	bool is_slave_closed;		/* it was open, and is no more */
};
static inline struct pty *pty_of(const struct tty *t) { return (struct pty *)t; }

extern const struct file_ops pty_master_fops, ptmx_fops;
/* A new pair with a number and a node in the instance (whose reference is taken over). ERR_PTR. */
struct pty *pty_new(struct superblock *sb);
void pty_note_packet(struct pty *p, unsigned clear, unsigned set);
void pty_pump(struct pty *p);		/* the master's bytes into the discipline, as far as it takes them */

/* -- devpts.c -- */
extern struct fs_type devpts_type;
void devpts_init(void);
/* The devpts instance that opening this ptmx means: a path on its root (references). 0 or -ENODEV. */
int devpts_root_of(struct file *ptmx, struct path *root);
int devpts_index_new(struct superblock *sb);		/* a free number, or -ENOSPC */
void devpts_index_free(struct superblock *sb, int index);
/* The node of the slave: a reference, given back by devpts_remove(). The instance is mounted. ERR_PTR. */
struct dentry *devpts_add(struct superblock *sb, struct tty *slave);
void devpts_remove(struct dentry *node);
#endif
