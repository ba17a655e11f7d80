/*
 * fs/tty/tty_core.h: a terminal and its driver, for the files of fs/tty/ and for drivers of real terminals.
 *
 * A pty pair is one struct tty, the slave's; its master is another kind of file on it (pty.c).
 * Locks: tty->lock (mutex, RANK_TTY): the line discipline and all fields without another key; tty->ctrl_lock (spinlock,
 * RANK_TTY_CTRL): session and foreground. Wait conditions and poll look at the discipline without the lock, and look
 * again under it.
 * Lifetime: counted by open files, by signal->tty of each process it controls, by the pty's entry in devpts.
 */
#ifndef FS_TTY_TTY_CORE_H
#define FS_TTY_TTY_CORE_H
#include "fs/tty/ldisc.h"
#include "fs/tty/tty.h"
#include "fs/vfs.h"
#include "base/errno.h"
#include "base/string.h"
#include "sync/mutex.h"
#include "sync/waitqueue.h"
#include <asm/fcntl.h>
#include <asm/termios.h>

struct tty_driver {
	const char *name;
	u16 major;
	u32 first_minor;
	bool is_pty;
	/* under tty->lock: */
	int (*open)(struct tty *t, struct file *f);		/* 0 or -errno; NULL: always */
	void (*closed)(struct tty *t);				/* the last file is gone; NULL: nothing */
	void (*write)(struct tty *t, const u8 *s, size_t n);	/* n is not above write_room */
	void (*flush_output)(struct tty *t);
	void (*flow)(struct tty *t, bool is_stopped);		/* NULL: nothing */
	void (*input_flushed)(struct tty *t);			/* NULL: nothing */
	void (*input_taken)(struct tty *t);			/* the discipline has room for more input */
	void (*set_termios)(struct tty *t, const struct termios2 *old);	/* NULL: nothing */
	void (*hangup)(struct tty *t);				/* NULL: nothing */
	/* no lock: */
	size_t (*write_room)(const struct tty *t);
	size_t (*pending)(const struct tty *t);			/* bytes not sent yet */
	long (*ioctl)(struct tty *t, unsigned cmd, uptr arg);	/* -ENOTTY: not known; NULL: none */
	void (*send_break)(struct tty *t, bool is_on);		/* NULL: none */
	void (*free)(struct tty *t);				/* count 0; NULL: never */
};

struct tty {
	refcount_t count;
	const struct tty_driver *driver;
	u32 index;
	void *private;			/* the driver's */
	struct mutex lock;
	struct ldisc ldisc;
	u32 opens;			/* open files that no hangup has cut off */
	u32 generation;			/* hangups so far: a file of an older one is cut off */
	bool is_exclusive;		/* TIOCEXCL */
	bool is_peer_gone;		/* a pty whose master is closed */
	struct winsize size;
	struct waitqueue read_wait, write_wait;
	struct spinlock ctrl_lock;
	struct pid *session;		/* reference: whose controlling terminal it is; ctrl_lock */
	struct pid *foreground;		/* reference: the foreground process group; ctrl_lock */
};

/* file->private of every open terminal, masters too. */
struct tty_file {
	struct tty *tty;		/* reference */
	u32 generation;
	bool is_console;		/* opened as /dev/console: no job control, survives hangups */
	bool is_master;			/* the other end of a pty */
};

/* -- tty_core.c -- */
void tty_setup(struct tty *t, const struct tty_driver *d, u32 index);
/* Opens f on t. The reference of the caller is kept by it. 0 or -errno. */
int tty_open_file(struct tty *t, struct file *f, bool may_control, bool is_console);
int tty_device_open(struct inode *i, struct file *f);	/* file_ops.open: f->private or i->private is the tty */
void tty_hangup(struct tty *t, bool is_session_end);
void tty_wake(struct tty *t);
static inline bool tty_file_is_cut_off(const struct tty_file *tf)
{
	return !tf->is_console && tf->generation != READ_ONCE(tf->tty->generation);
}
extern const struct file_ops tty_fops;
/* Bytes that arrived, for the discipline: how many it took. Takes the lock. */
size_t tty_receive(struct tty *t, const u8 *s, size_t n);
size_t tty_receive_locked(struct tty *t, const u8 *s, size_t n);
bool tty_may_write(const struct tty *t);

/* -- tty_io.c -- */
ssize_t tty_read(struct file *f, uptr buf, size_t n, loff *pos);
ssize_t tty_write(struct file *f, uptr buf, size_t n, loff *pos);
unsigned tty_poll(struct file *f, struct poll_table *pt);
int tty_wait_until_sent(struct tty *t);

/* -- tty_ioctl.c, tty_termios.c -- */
long tty_ioctl(struct file *f, unsigned cmd, uptr arg);
/* What both ends of a pty know: about the slave, whichever end is asked. */
long tty_ioctl_common(struct tty *t, struct file *f, unsigned cmd, uptr arg, bool is_master);
long tty_termios_ioctl(struct tty *t, unsigned cmd, uptr arg);	/* -ENOIOCTLCMD: not one of these */
void tty_set_size(struct tty *t, const struct winsize *size);

/* -- tty_job.c -- */
struct tty *tty_of_current(void);			/* a reference, or NULL */
struct pid *tty_foreground_get(struct tty *t);		/* a reference, or NULL */
void tty_signal_foreground(struct tty *t, int sig);
/* May current, on its controlling terminal, do what only the foreground may? 0; -EIO; -ERESTARTSYS: it got sig. */
int tty_check_background(struct tty *t, int sig);
void tty_take_control_at_open(struct tty *t, struct file *f);
void tty_lose_session(struct tty *t, bool is_hangup, bool is_session_end);
long tty_job_ioctl(struct tty *t, struct file *f, unsigned cmd, uptr arg, bool is_master);	/* -ENOIOCTLCMD */

/* -- console.c, pty.c -- */
void tty_console_set(struct tty *t);			/* what /dev/console stands for */
void console_init(void);
void pty_init(void);
#define ENOIOCTLCMD 515
#define PTY_SLAVE_MAJOR 136
#endif
