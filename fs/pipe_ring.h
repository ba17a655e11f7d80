/*
 * fs/pipe_ring.h: the pipe from inside: its ring of bytes and its counts. Locks: pipe->lock for all of it.
 */
#ifndef FS_PIPE_RING_H
#define FS_PIPE_RING_H
#include "fs/vfs.h"

struct iter;
#define RING_INLINE 16		/* pages of a pipe of the usual size */

struct ring {
	u64 head, tail;			/* bytes written, bytes read */
	u32 capacity;			/* bytes: a power of two of pages */
	void **pages;			/* owned; NULL where nothing was written yet */
	void *spare;			/* owned: one drained page kept for the next */
	void *inline_pages[RING_INLINE];
};

struct pipe {
	struct mutex lock;		/* RANK_PIPE */
	struct ring ring;
	struct list packets;		/* pipe_packet.c: where they begin and end in the ring */
	struct waitqueue read_wait, write_wait;
	u32 readers, writers;		/* open files that can */
	u32 readers_ever, writers_ever;	/* opened so far: what a FIFO's open waits for */
	u32 files;			/* inode->lock too */
};

static inline u64 ring_free_bytes(const struct ring *r)
{
	return READ_ONCE(r->capacity) - (READ_ONCE(r->head) - READ_ONCE(r->tail));
}
void ring_init(struct ring *r);
void ring_destroy(struct ring *r);
size_t ring_read(struct ring *r, struct iter *it);	/* bytes; fewer than there are: a fault */
size_t ring_peek(struct ring *r, char *buf, size_t n);	/* the same into kernel memory, and they stay in the ring */
ssize_t ring_write(struct ring *r, struct iter *it);	/* bytes, or -EFAULT, -ENOMEM */
int __must_check ring_resize(struct ring *r, u32 capacity);	/* 0, -EBUSY (holds more), -ENOMEM */

/* -- pipe_packet.c -- */
ssize_t packet_write(struct pipe *p, struct iter *it);	/* one packet, there is room: bytes, or -EFAULT, -ENOMEM */
size_t packet_read(struct pipe *p, struct iter *it);	/* up to the end of the first packet; there is one */
void packets_move(struct pipe *p, u64 back);		/* the ring's positions are that much less now */
void packets_free(struct pipe *p);

struct pipe *pipe_new(void);
void pipe_free(struct pipe *p);
void pipe_wake_all(struct pipe *p);
int fifo_open(struct inode *i, struct file *f);
#endif
