/* fs/pipe.h: what fcntl and splice need to know of pipes. See pipe.c. */
#ifndef FS_PIPE_H
#define FS_PIPE_H
#include "fs/vfs.h"

#define PIPE_BYTES_DEFAULT 65536U
extern int pipe_size_max;	/* /proc/sys/fs/pipe-max-size: what a program without rights may ask for */
static inline bool file_is_pipe(const struct file *f)
{
	return f->inode && f->inode->pipe && S_ISFIFO(f->inode->mode);
}
/* splice: waits until there is room or data; bytes of it, 0 (no writer is left), or -errno. */
ssize_t pipe_wait_room(struct file *f, bool never_waits);
ssize_t pipe_wait_data(struct file *f, bool never_waits);
size_t pipe_peek(struct file *f, char *buf, size_t n);	/* bytes of what is there now, which stays there */
long pipe_fcntl(struct file *f, int cmd, unsigned long arg);	/* F_SETPIPE_SZ, F_GETPIPE_SZ */
#endif
