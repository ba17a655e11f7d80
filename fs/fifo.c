/*
 * fs/fifo.c: opening a FIFO: a reader waits for a writer and a writer for a reader, unless told not to. Opening an
 * unnamed pipe again through /proc/PID/fd never waits.
 * Locks: inode->lock for inode->pipe, then pipe->lock. Errors: ENXIO, ERESTARTSYS, ENOMEM. Source: fifo(7).
 */
#include "fs/internal.h"
#include "fs/pipe_ring.h"
#include "task/task.h"
#include <linux/magic.h>

/* The pipe of the FIFO, made if this is the first opener; counted for f. */
static struct pipe *pipe_of(struct inode *i)
{
	mutex_lock(&i->lock);
	if (!i->pipe)
		i->pipe = pipe_new();
	if (i->pipe)
		i->pipe->files++;
	struct pipe *p = i->pipe;
	mutex_unlock(&i->lock);
	return p;
}

static void forget(struct inode *i, struct pipe *p, bool reads, bool writes)
{
	mutex_lock(&i->lock);
	mutex_lock(&p->lock);
	p->readers -= reads;
	p->writers -= writes;
	bool is_last = --p->files == 0;
	if (is_last)
		i->pipe = NULL;
	else
		pipe_wake_all(p);
	mutex_unlock(&p->lock);
	mutex_unlock(&i->lock);
	if (is_last)
		pipe_free(p);
}

static int wait_for_other(struct pipe *p, bool reads, u32 seen)
{
	if (reads)
		return wait_event_interruptible(&p->read_wait, READ_ONCE(p->writers_ever) != seen);
	return wait_event_interruptible(&p->write_wait, READ_ONCE(p->readers_ever) != seen);
}

int fifo_open(struct inode *i, struct file *f)
{
	bool reads = f->mode & FMODE_READ, writes = f->mode & FMODE_WRITE, never_waits = f->flags & O_NONBLOCK;
	struct pipe *p = pipe_of(i);
	int err = 0;

	if (!p)
		return -ENOMEM;
	f->mode |= FMODE_NONSEEK;
	f->private = p;
	mutex_lock(&p->lock);
	if (writes && !reads && never_waits && !p->readers && i->sb->magic != ANON_INODE_FS_MAGIC) {
		mutex_unlock(&p->lock);
		forget(i, p, false, false);
		return -ENXIO;
	}
	p->readers += reads;
	p->readers_ever += reads;
	p->writers += writes;
	p->writers_ever += writes;
	bool is_alone = reads ? !p->writers : !p->readers;
	u32 seen = reads ? p->writers_ever : p->readers_ever;
	if (reads && is_alone && never_waits)
		f->pos = (loff)p->writers_ever;	/* no hang-up before the first writer: see pipe_poll */
	else
		f->pos = -1;
	pipe_wake_all(p);
	mutex_unlock(&p->lock);
	if (is_alone && !(reads && writes) && !never_waits && i->sb->magic != ANON_INODE_FS_MAGIC)
		err = wait_for_other(p, reads, seen);
	if (err)
		forget(i, p, reads, writes);
	return err;
}
