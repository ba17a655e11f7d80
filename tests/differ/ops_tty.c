/* ops_tty.c: operations on a terminal: whose it is, who is in its foreground, what its keys do. */
#include "differ.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/tty.h>
#include <asm/termbits.h>
#include <asm/ioctls.h>
#include <string.h>
#include <sys/syscall.h>
#include <ctype.h>

static int draw_tty(void)
{
	static const int fds[] = {TTY_SLAVE, TTY_SLAVE, TTY_SLAVE_NOW, TTY_MASTER};
	return PICK(fds);
}

static const char *tty_name(int fd)
{
	return fd == TTY_MASTER ? "master" : fd == TTY_SLAVE ? "tty" : "tty now";
}

OP(JOBS, 8, tty_take)
{
	int fd = draw_tty(), force = chance(30);
	bool session = chance(40);
	if (session)
		say("setsid %s, ", sys(SYS_setsid) < 0 ? "fails" : "done");
	say("take %s %d", tty_name(fd), force);
	said(sys(SYS_ioctl, fd, TIOCSCTTY, force));
}

OP(JOBS, 2, tty_leave)
{
	int fd = draw_tty();
	say("leave %s", tty_name(fd));
	said(sys(SYS_ioctl, fd, TIOCNOTTY, 0));
	let_it_end();
}

OP(JOBS, 12, tty_foreground)
{
	int fd = draw_tty(), i = any_agent(), pid = chance(95) ? (int)pid_of(i) : -1;
	say("foreground(%s, %s%d)", tty_name(fd), pid > 0 ? "a" : "", pid > 0 ? i : pid);
	said(sys(SYS_ioctl, fd, TIOCSPGRP, &pid));
}

OP(JOBS, 6, tty_ask)
{
	int fd = draw_tty(), group = -7, session = -7;
	say("ask %s", tty_name(fd));
	long r = sys(SYS_ioctl, fd, TIOCGPGRP, &group);
	said(r);
	say(" %s", r ? "" : who(group));
	r = sys(SYS_ioctl, fd, TIOCGSID, &session);
	said(r);
	say(" %s", r ? "" : who(session));
}

/* What is typed: the kernel hands it over from a worker of its own. */
OP(JOBS, 12, tty_type)
{
	static const char *const keys[] = {"\3", "\3", "\32", "\32", "\34", "a\n", "b", "\4", "\25", "\177"};
	const char *text = PICK(keys);
	say("type %d", text[0]);
	long r = sys(SYS_write, TTY_MASTER, text, strlen(text));
	let_it_end();
	said(r);
}

static void say_bytes(const char *text, long n)
{
	for (long i = 0; i < n; i++)
		say(isprint((unsigned char)text[i]) ? " %c" : " <%d>", text[i]);
}

OP(JOBS, 8, tty_read)
{
	int fd = draw_tty(), size = 1 + (int)draw(8);
	char text[9];
	if (fd == TTY_SLAVE && chance(70))
		fd = TTY_SLAVE_NOW;
	say("read %s %d", tty_name(fd), size);
	long n = sys(SYS_read, fd, text, size);
	said(n);
	say_bytes(text, n);
}

OP(JOBS, 6, tty_write)
{
	int fd = chance(70) ? TTY_SLAVE_NOW : TTY_SLAVE;
	say("write %s", tty_name(fd));
	said(sys(SYS_write, fd, "w\n", 2));
	let_it_end();
}

OP(JOBS, 6, tty_set)
{
	static const unsigned bits[] = {TOSTOP, TOSTOP, TOSTOP, ISIG, ICANON, ECHO, NOFLSH};
	struct termios t;
	int fd = chance(80) ? TTY_SLAVE : draw_tty();
	unsigned bit = PICK(bits);
	bool on = chance(60), flush = chance(20);
	memset(&t, 0, sizeof t);
	say("set %s %x %d", tty_name(fd), bit, on);
	long r = sys(SYS_ioctl, fd, TCGETS, &t);
	said(r);
	if (r)
		return;
	t.c_lflag = on ? t.c_lflag | bit : t.c_lflag & ~bit;
	said(sys(SYS_ioctl, fd, flush ? TCSETSF : TCSETS, &t));
}

OP(JOBS, 4, tty_size)
{
	int fd = draw_tty();
	unsigned short size[4] = {(unsigned short)(20 + draw(3)), 80, 0, 0};
	say("size %s %d", tty_name(fd), size[0]);
	said(sys(SYS_ioctl, fd, TIOCSWINSZ, size));
}

OP(JOBS, 3, tty_misc)
{
	static const struct { const char *name; long request, argument; } calls[] = {{"flush", TCFLSH, 0}, {"flush", TCFLSH, 2},
		{"stop", TCXONC, 0}, {"start", TCXONC, 1}, {"break", TCSBRKP, 0}, {"excl", TIOCEXCL, 0}, {"nxcl", TIOCNXCL, 0}};
	int fd = draw_tty(), c = (int)draw(COUNT(calls)), count = -7;
	if (calls[c].request == TCXONC && fd == TTY_MASTER)
		fd = TTY_SLAVE;
	say("%s %s %ld", calls[c].name, tty_name(fd), calls[c].argument);
	said(sys(SYS_ioctl, fd, calls[c].request, calls[c].argument));
	long r = sys(SYS_ioctl, fd, FIONREAD, &count);
	said(r);
	say(" %d", count);
}

/* By a path: one's own, or the slave's, which becomes the session leader's own unless told not to. */
OP(JOBS, 6, tty_open)
{
	static const char *const paths[] = {"/dev/tty", HOME "/pts/0", HOME "/pts/0"};
	const char *path = PICK(paths);
	int to = chance(50) ? TTY_SLAVE_NOW : -1, flags = O_RDWR | O_NONBLOCK | (chance(40) ? O_NOCTTY : 0);
	say("open %s %o", path, flags);
	long fd = sys(SYS_open, path, flags);
	if (fd < 0)
		return said(fd);
	int group = -7;
	said(sys(SYS_ioctl, fd, TIOCGPGRP, &group));
	say(" %s", group == -7 ? "" : who(group));
	if (to >= 0)
		sys(SYS_dup3, fd, to, 0);
	sys(SYS_close, fd);
}

OP(JOBS, 1, tty_hang_up)
{
	say("vhangup");
	said(sys(SYS_vhangup));
	let_it_end();
}

/* A pipe that signals its owner, process, group or thread, when something comes. */
OP(JOBS | SIGNAL, 6, hook_owner)
{
	static const int signals[] = {0, 0, 40, 10, 23, 65};
	int i = any_agent(), type = (int)draw(4), sig = PICK(signals);
	struct { int type, pid; } owner = {type, (int)pid_of(i)};
	if (chance(50)) {
		say("own(%sa%d)", type & 1 ? "-" : "", i);
		said(sys(SYS_fcntl, HOOKED_READ, F_SETOWN, type & 1 ? -owner.pid : owner.pid));
	} else {
		say("own_ex(%d a%d)", type, i);
		said(sys(SYS_fcntl, HOOKED_READ, F_SETOWN_EX, &owner));
	}
	said(sys(SYS_fcntl, HOOKED_READ, F_SETSIG, sig));
	said(sys(SYS_fcntl, HOOKED_READ, F_SETFL, O_NONBLOCK | (chance(85) ? O_ASYNC : 0)));
}

OP(JOBS | SIGNAL, 8, hook)
{
	bool write = chance(65);
	char byte = 'h';
	say(write ? "hook" : "unhook");
	long r = write ? sys(SYS_write, HOOKED_WRITE, &byte, 1) : sys(SYS_read, HOOKED_READ, &byte, 1);
	let_it_end();
	said(r);
	struct { int type, pid; } owner = {7, 7};
	say(" owner %ld", sys(SYS_fcntl, HOOKED_READ, F_GETOWN_EX, &owner));
	say(" %d %s", owner.type, who(owner.pid));
}
