/* Sessions and their terminals: taking and losing one, foreground, signals from the keyboard, background, hangup. */
#include "tty.h"

static int master, slave;
static volatile sig_atomic_t seen[65];
static void note(int sig) { seen[sig]++; }

/* The block runs as leader of a session of its own, with a pty as its terminal, open as `slave`; the parent keeps the
 * master as `master`. */
static pid_t session_begin(void)
{
	master = tty_master();
	pid_t pid = fork();
	if (pid == 0) {
		alarm(CHECK_CASE_SECONDS);
		check_failed = 0;
		NEED_OK(setsid());
		slave = tty_slave(master, 0);
	}
	return pid;
}
#define IN_SESSION(want)                                                                    \
	for (pid_t child_ = session_begin(); child_ >= 0; child_ = check_child_end(child_, want, __FILE_NAME__, __LINE__)) \
		if (child_ == 0)

TEST(open_takes_control)
{
	IN_SESSION(EXITED(0)) {
		int fd = CHECK_OK(open("/dev/tty", O_RDWR));
		CHECK_EQ(tcgetpgrp(slave), getpid());
		CHECK_EQ(tcgetpgrp(fd), getpid());
		CHECK_EQ(tcgetsid(slave), getpid());
		CHECK_EQ(tcgetpgrp(master), getpid());
		CHECK_OK(close(fd));
	}
}

TEST(open_without_control)
{
	master = tty_master();
	IN_CHILD {
		NEED_OK(setsid());
		slave = tty_slave(master, O_NOCTTY);
		CHECK_ERR(open("/dev/tty", O_RDWR), ENXIO);
		CHECK_ERR(tcgetpgrp(slave), ENOTTY);
		CHECK_ERR(tcgetsid(slave), ENOTTY);
		CHECK_OK(ioctl(slave, TIOCSCTTY, 0));
		CHECK_EQ(tcgetpgrp(slave), getpid());
		CHECK_OK(ioctl(slave, TIOCSCTTY, 0));
		IN_CHILD {
			CHECK_ERR(ioctl(tty_slave(tty_master(), O_NOCTTY), TIOCSCTTY, 0), EPERM);
		}
	}
	/* write access alone is not enough */
	IN_CHILD {
		NEED_OK(setsid());
		CHECK_OK(open(tty_slave_name(master), O_WRONLY));
		CHECK_ERR(open("/dev/tty", O_RDWR), ENXIO);
	}
}

TEST(not_stolen)
{
	IN_SESSION(EXITED(0)) {
		IN_CHILD {
			NEED_OK(setsid());
			int fd = tty_slave(master, 0);
			CHECK_ERR(open("/dev/tty", O_RDWR), ENXIO);
			CHECK_ERR(ioctl(fd, TIOCSCTTY, 0), EPERM);
		}
	}
}

TEST(inherited_and_given_up)
{
	IN_SESSION(EXITED(0)) {
		IN_CHILD {
			CHECK_OK(open("/dev/tty", O_RDWR));
			CHECK_OK(ioctl(slave, TIOCNOTTY));
			CHECK_ERR(open("/dev/tty", O_RDWR), ENXIO);
			CHECK_ERR(ioctl(slave, TIOCNOTTY), ENOTTY);
		}
		CHECK_OK(open("/dev/tty", O_RDWR));
	}
}

TEST(leader_gives_up)
{
	IN_SESSION(EXITED(0)) {
		signal(SIGHUP, note);
		signal(SIGCONT, note);
		CHECK_OK(ioctl(slave, TIOCNOTTY));
		CHECK_EQ(seen[SIGHUP], 1);
		CHECK_EQ(seen[SIGCONT], 1);
		CHECK_ERR(open("/dev/tty", O_RDWR), ENXIO);
		CHECK_OK(ioctl(slave, TIOCSCTTY, 0));
	}
}

TEST(foreground)
{
	IN_SESSION(EXITED(0)) {
		signal(SIGTTOU, SIG_IGN);
		pid_t pid = check_sleeper();
		CHECK_OK(setpgid(pid, pid));
		CHECK_OK(tcsetpgrp(slave, pid));
		CHECK_EQ(tcgetpgrp(slave), pid);
		CHECK_ERR(tcsetpgrp(slave, getppid()), EPERM);
		CHECK_ERR(tcsetpgrp(slave, 4194300), ESRCH);
		CHECK_ERR(tcsetpgrp(slave, -1), EINVAL);
		CHECK_OK(tcsetpgrp(slave, getpid()));
		check_reap(pid);
	}
}

TEST(keyboard_signals)
{
	static const struct { char key; int sig; } keys[] = {{3, SIGINT}, {034, SIGQUIT}, {032, SIGTSTP}};
	IN_SESSION(EXITED(0)) {
		for (int i = 0; i < 3; i++) {
			signal(keys[i].sig, note);
			NEED_OK(write(master, &keys[i].key, 1));
			CHECK_SOON(seen[keys[i].sig] == 1);
		}
		/* only the foreground group */
		signal(SIGTTOU, SIG_IGN);
		signal(SIGINT, SIG_DFL);
		pid_t pid = check_sleeper();
		signal(SIGINT, note);
		CHECK_OK(setpgid(pid, pid));
		CHECK_OK(tcsetpgrp(slave, pid));
		tty_type(master, "\003");
		CHECK_WAIT(pid, KILLED(SIGINT));
		CHECK_EQ(seen[SIGINT], 1);
	}
}

TEST(size_signal)
{
	IN_SESSION(EXITED(0)) {
		signal(SIGWINCH, note);
		CHECK_OK(ioctl(master, TIOCSWINSZ, &(struct winsize){30, 90, 0, 0}));
		CHECK_SOON(seen[SIGWINCH] == 1);
		CHECK_OK(ioctl(master, TIOCSWINSZ, &(struct winsize){30, 90, 0, 0}));
		check_sleep_ms(10);
		CHECK_EQ(seen[SIGWINCH], 1);
	}
}

TEST(signal_by_master)
{
	IN_SESSION(EXITED(0)) {
		signal(SIGINT, note);
		CHECK_OK(ioctl(master, TIOCSIG, SIGINT));
		CHECK_SOON(seen[SIGINT] == 1);
		CHECK_ERR(ioctl(master, TIOCSIG, SIGKILL), EINVAL);
	}
}

/* A background group that reads stops, and goes on when it is brought to the foreground. */
TEST(background_read)
{
	IN_SESSION(EXITED(0)) {
		int status;
		char c = 0;
		signal(SIGTTOU, SIG_IGN);
		pid_t pid = fork();
		if (pid == 0) {
			setpgid(0, 0);
			_exit(read(slave, &c, 1) == 1 && c == 'y' ? 0 : 1);
		}
		setpgid(pid, pid);
		CHECK_EQ(waitpid(pid, &status, WUNTRACED), pid);
		CHECK(WIFSTOPPED(status) && WSTOPSIG(status) == SIGTTIN);
		CHECK_OK(tcsetpgrp(slave, pid));
		tty_type(master, "y\n");
		CHECK_OK(kill(-pid, SIGCONT));
		CHECK_WAIT(pid, EXITED(0));
	}
}

TEST(background_read_ignored)
{
	IN_SESSION(EXITED(0)) {
		IN_CHILD {
			char c;
			setpgid(0, 0);
			signal(SIGTTIN, SIG_IGN);
			CHECK_ERR(read(slave, &c, 1), EIO);
			signal(SIGTTIN, SIG_DFL);
			sigset_t set;
			sigemptyset(&set);
			sigaddset(&set, SIGTTIN);
			sigprocmask(SIG_BLOCK, &set, 0);
			CHECK_ERR(read(slave, &c, 1), EIO);
		}
	}
}

TEST(background_write)
{
	IN_SESSION(EXITED(0)) {
		int status;
		struct termios t;
		IN_CHILD {
			setpgid(0, 0);
			CHECK_EQ(write(slave, "free", 4), 4);
		}
		CHECK_OK(tcgetattr(slave, &t));
		t.c_lflag |= TOSTOP;
		CHECK_OK(tcsetattr(slave, TCSANOW, &t));
		pid_t pid = fork();
		if (pid == 0) {
			setpgid(0, 0);
			_exit(write(slave, "held", 4) == 4 ? 0 : 1);
		}
		CHECK_EQ(waitpid(pid, &status, WUNTRACED), pid);
		CHECK(WIFSTOPPED(status) && WSTOPSIG(status) == SIGTTOU);
		t.c_lflag &= ~TOSTOP;
		CHECK_OK(tcsetattr(slave, TCSANOW, &t));
		CHECK_OK(kill(-pid, SIGCONT));
		CHECK_WAIT(pid, EXITED(0));
		t.c_lflag |= TOSTOP;
		CHECK_OK(tcsetattr(slave, TCSANOW, &t));
		IN_CHILD {
			setpgid(0, 0);
			signal(SIGTTOU, SIG_IGN);
			CHECK_EQ(write(slave, "let", 3), 3);
		}
	}
}

TEST(background_set)
{
	IN_SESSION(EXITED(0)) {
		int status;
		pid_t pid = fork();
		if (pid == 0) {
			struct termios t;
			setpgid(0, 0);
			tcgetattr(slave, &t);
			_exit(tcsetattr(slave, TCSANOW, &t) == 0 ? 0 : 1);
		}
		CHECK_EQ(waitpid(pid, &status, WUNTRACED), pid);
		CHECK(WIFSTOPPED(status) && WSTOPSIG(status) == SIGTTOU);
		check_reap(pid);
	}
}

/* Nobody could bring an orphaned group back: it gets an error instead of being stopped. */
TEST(orphaned_group)
{
	IN_SESSION(EXITED(0)) {
		int fds[2];
		char c = 1;
		NEED_OK(pipe(fds));
		IN_CHILD {
			setpgid(0, 0);
			pid_t pid = fork();
			if (pid == 0) {
				char text;
				while (getppid() != 1 && check_state(getppid()) != 'Z' && check_state(getppid()))
					check_sleep_ms(2);
				check_sleep_ms(20);
				c = read(slave, &text, 1) == -1 && errno == EIO ? 7 : 8;
				if (write(fds[1], &c, 1) != 1)
					_exit(1);
				_exit(0);
			}
			_exit(0);
		}
		CHECK_EQ(read(fds[0], &c, 1), 1);
		CHECK_EQ(c, 7);
	}
}

TEST(master_closed_hangs_up)
{
	int fds[2];
	char c = 0;
	NEED_OK(pipe(fds));
	pid_t pid = session_begin();
	if (pid == 0) {
		close(master);
		signal(SIGHUP, note);
		signal(SIGCONT, note);
		NEED_OK(write(fds[1], "r", 1));
		CHECK_SOON(seen[SIGHUP] == 1);
		CHECK_SOON(seen[SIGCONT] == 1);
		CHECK_ERR(open("/dev/tty", O_RDWR), ENXIO);
		CHECK_ERR(tcgetpgrp(slave), EIO);
		CHECK_ERR(tcsetpgrp(slave, getpid()), ENOTTY);
		_exit(check_failed != 0);
	}
	CHECK_EQ(read(fds[0], &c, 1), 1);
	CHECK_OK(close(master));
	CHECK_WAIT(pid, EXITED(0));
}

/* The leader's death: the foreground group gets SIGHUP and nobody has the terminal any more. */
TEST(leader_dies)
{
	int fds[2];
	char c = 0;
	NEED_OK(pipe(fds));
	IN_SESSION(EXITED(0)) {
		int ready[2];
		NEED_OK(pipe(ready));
		signal(SIGTTOU, SIG_IGN);
		pid_t pid = fork();
		if (pid == 0) {
			signal(SIGHUP, note);
			setpgid(0, 0);
			tcsetpgrp(slave, getpid());
			if (write(ready[1], "r", 1) != 1)
				_exit(1);
			CHECK_SOON(seen[SIGHUP] == 1);
			CHECK_SOON(open("/dev/tty", O_RDWR) == -1 && errno == ENXIO);
			c = check_failed ? 8 : 7;
			_exit(write(fds[1], &c, 1) != 1);
		}
		CHECK_EQ(read(ready[0], &c, 1), 1);
	}
	CHECK_EQ(read(fds[0], &c, 1), 1);
	CHECK_EQ(c, 7);
}

TEST(stat_shows_it)
{
	IN_SESSION(EXITED(0)) {
		char text[512], *paren;
		int ppid, pgrp, sid, tty, foreground;
		struct stat st;
		CHECK_OK(fstat(slave, &st));
		CHECK_OK(check_slurp("/proc/self/stat", text, sizeof text));
		paren = strrchr(text, ')');
		CHECK(paren && sscanf(paren + 4, "%d %d %d %d %d", &ppid, &pgrp, &sid, &tty, &foreground) == 5);
		CHECK_EQ(pgrp, getpid());
		CHECK_EQ(sid, getpid());
		CHECK_EQ(tty, st.st_rdev);
		CHECK_EQ(foreground, getpid());
	}
}
