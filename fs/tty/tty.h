/*
 * fs/tty/tty.h: what the rest of the kernel asks of terminals. The insides are in fs/tty/tty_core.h.
 *
 * Way in: tty_init() at boot; task/ at the end of a session, setsid and fork through counts; procfs by tty_describe().
 * Locks: none is held by the caller unless said. A struct tty is counted; signal->tty is a reference under
 * sighand->lock, the terminal's session and foreground group are under tty->ctrl_lock (RANK_TTY_CTRL).
 * Source: credentials(7), setsid(2), ioctl_tty(2), termios(3), pty(7).
 */
#ifndef FS_TTY_TTY_H
#define FS_TTY_TTY_H
#include "base/types.h"

struct tty;
struct task;
struct pid;

/* Device nodes /dev/tty, /dev/console, /dev/ptmx and the file system devpts. After fs_init(). */
void tty_init(void);

struct tty *tty_get(struct tty *t);	/* NULL accepted */
void tty_put(struct tty *t);		/* NULL accepted; any context that may free memory */

/* Death of a session leader, by the last thread of its group (which is current): a real terminal is hung up, a pty's
 * foreground group gets SIGHUP, and the whole session loses its controlling terminal. May sleep. */
void tty_session_ends(struct task *leader);

/* What /proc/PID/stat says: the device number (0: none) and the foreground process group (a reference, or NULL). */
u32 tty_describe(struct task *t, struct pid **foreground);
#endif
