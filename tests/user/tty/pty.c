/* Pseudo-terminals: the pair, modes, blocking, poll, hangup, sizes, packet mode, the slave's node. */
#include "tty.h"

static int master, slave;

TEST(line)
{
	tty_pair(&master, &slave);
	CHECK(isatty(slave));
	CHECK(isatty(master));
	tty_type(master, "hello\n");
	CHECK_STR(tty_text(slave), "hello\n");
	CHECK_STR(tty_text(master), "hello\r\n");
	CHECK_OK(write(slave, "out\n", 4));
	CHECK_STR(tty_text(master), "out\r\n");
}

TEST(name)
{
	char name[64];
	struct stat st;
	tty_pair(&master, &slave);
	CHECK_EQ(ttyname_r(slave, name, sizeof name), 0);
	CHECK_STR(name, tty_slave_name(master));
	CHECK_OK(stat(name, &st));
	CHECK(S_ISCHR(st.st_mode));
	CHECK_EQ(st.st_rdev >> 8, 136);
	CHECK_EQ(st.st_uid, geteuid());
	unsigned number;
	CHECK_ERR(ioctl(slave, TIOCGPTN, &number), ENOTTY);
	CHECK_OK(close(slave));
	CHECK_OK(close(master));
	CHECK_ERR(access(name, F_OK), ENOENT);
}

TEST(locked)
{
	int locked = 0;
	tty_mount_devpts();
	master = NEED_OK(open("/dev/ptmx", O_RDWR | O_NOCTTY));
	CHECK_OK(ioctl(master, TIOCGPTLCK, &locked));
	CHECK_EQ(locked, 1);
	CHECK_ERR(open(tty_slave_name(master), O_RDWR | O_NOCTTY), EIO);
	CHECK_OK(ioctl(master, TIOCSPTLCK, &(int){0}));
	CHECK_OK(open(tty_slave_name(master), O_RDWR | O_NOCTTY));
}

TEST(peer)
{
	master = tty_master();
	slave = CHECK_OK(ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC));
	CHECK_EQ(fcntl(slave, F_GETFD), FD_CLOEXEC);
	CHECK_EQ(fcntl(slave, F_GETFL) & O_ACCMODE, O_RDWR);
	tty_type(master, "x\n");
	CHECK_STR(tty_text(slave), "x\n");
}

TEST(fresh_master)
{
	struct pollfd p;
	char c;
	master = tty_master();
	p = (struct pollfd){.fd = master, .events = POLLIN | POLLOUT};
	CHECK_EQ(poll(&p, 1, 0), 1);
	CHECK_EQ(p.revents, POLLOUT);
	CHECK_OK(fcntl(master, F_SETFL, O_NONBLOCK));
	CHECK_ERR(read(master, &c, 1), EAGAIN);
	CHECK_ERR(lseek(master, 0, SEEK_SET), ESPIPE);
}

TEST(slave_closed)
{
	struct pollfd p;
	char text[16];
	tty_pair(&master, &slave);
	CHECK_OK(write(slave, "last\n", 5));
	CHECK_OK(close(slave));
	CHECK_EQ(read(master, text, sizeof text), 6);
	CHECK_ERR(read(master, text, sizeof text), EIO);
	p = (struct pollfd){.fd = master, .events = POLLIN};
	CHECK_EQ(poll(&p, 1, 0), 1);
	CHECK(p.revents & POLLHUP);
	slave = tty_slave(master, O_NOCTTY);
	CHECK_EQ(poll(&p, 1, 0), 0);
}

TEST(master_closed)
{
	char c;
	struct termios t;
	tty_pair(&master, &slave);
	CHECK_OK(close(master));
	CHECK_EQ(read(slave, &c, 1), 0);
	CHECK_ERR(write(slave, "x", 1), EIO);
	CHECK_ERR(tcgetattr(slave, &t), EIO);
	struct pollfd p = {.fd = slave, .events = POLLIN | POLLOUT};
	CHECK_EQ(poll(&p, 1, 0), 1);
	CHECK_EQ(p.revents, POLLIN | POLLOUT | POLLERR | POLLHUP);
}

/* Whoever sleeps in a read or write wakes up when the other end goes. */
static void sleeper_ends(bool reads)
{
	tty_pair(&master, &slave);
	pid_t pid = fork();
	if (pid == 0) {
		char block[4096] = "";
		close(master);
		signal(SIGHUP, SIG_IGN);
		ssize_t n;
		while ((n = reads ? read(slave, block, 1) : write(slave, block, sizeof block)) > 0)
			;
		_exit(n == -1 && errno == EIO ? 0 : 1);
	}
	CHECK_SOON(check_state(pid) == 'S');
	check_sleep_ms(20);
	CHECK_OK(close(master));
	CHECK_WAIT(pid, EXITED(0));
}
TEST(sleeping_reader) { sleeper_ends(true); }
TEST(sleeping_writer) { sleeper_ends(false); }

TEST(much_data)
{
	static char out[100000], in[100000];
	tty_pair(&master, &slave);
	tty_raw(slave);
	for (size_t i = 0; i < sizeof out; i++)
		out[i] = (char)(i * 7 + i / 256);
	for (int way = 0; way < 2; way++) {
		int from = way ? slave : master, to = way ? master : slave;
		pid_t pid = fork();
		if (pid == 0) {
			size_t done = 0;
			while (done < sizeof out) {
				ssize_t n = write(from, out + done, sizeof out - done);
				if (n <= 0)
					_exit(1);
				done += n;
			}
			_exit(0);
		}
		size_t have = 0;
		for (ssize_t n; have < sizeof in && (n = read(to, in + have, sizeof in - have)) > 0;)
			have += n;
		CHECK_EQ(have, sizeof in);
		CHECK(memcmp(in, out, sizeof in) == 0);
		CHECK_WAIT(pid, EXITED(0));
	}
}

TEST(full)
{
	static char block[1000];
	tty_pair(&master, &slave);
	tty_raw(slave);
	CHECK_OK(fcntl(master, F_SETFL, O_NONBLOCK));
	CHECK_OK(fcntl(slave, F_SETFL, O_NONBLOCK));
	for (int way = 0; way < 2; way++) {
		int fd = way ? slave : master, n = 0;
		while (n < 1000 && write(fd, block, sizeof block) > 0)
			n++;
		CHECK(n >= 4 && n < 1000);
		CHECK_ERR(write(fd, block, sizeof block), EAGAIN);
	}
	CHECK(read(slave, block, sizeof block) == sizeof block);
	while (read(slave, block, sizeof block) > 0 || tty_ready(slave, POLLIN, 20))
		;
	CHECK(tty_ready(master, POLLOUT, 1000));
}

static void min_time(int least, int tenths)
{
	struct termios t;
	NEED_OK(tcgetattr(slave, &t));
	cfmakeraw(&t);
	t.c_cc[VMIN] = least;
	t.c_cc[VTIME] = tenths;
	NEED_OK(tcsetattr(slave, TCSANOW, &t));
}

TEST(min_and_time)
{
	char text[16];
	tty_pair(&master, &slave);
	min_time(0, 0);
	CHECK_EQ(read(slave, text, 10), 0);
	min_time(0, 2);
	long start = check_now_ms();
	CHECK_EQ(read(slave, text, 10), 0);
	long took = check_now_ms() - start;
	CHECK(took >= 190 && took < 2000);
	tty_type(master, "ab");
	CHECK_EQ(read(slave, text, 10), 2);
	min_time(3, 0);
	tty_type(master, "abcd");
	CHECK_EQ(read(slave, text, 10), 4);
	tty_type(master, "ab");
	CHECK(!tty_ready(slave, POLLIN, 50));
	tty_type(master, "c");
	CHECK(tty_ready(slave, POLLIN, 1000));
	CHECK_EQ(read(slave, text, 10), 3);
	min_time(5, 1);
	tty_type(master, "ab");
	CHECK_EQ(read(slave, text, 10), 2);
}

TEST(nonblocking)
{
	char c;
	tty_pair(&master, &slave);
	CHECK_OK(fcntl(slave, F_SETFL, O_NONBLOCK));
	CHECK_ERR(read(slave, &c, 1), EAGAIN);
	tty_type(master, "x");
	check_sleep_ms(10);
	CHECK_ERR(read(slave, &c, 1), EAGAIN);
	tty_type(master, "\n");
	CHECK(tty_ready(slave, POLLIN, 1000));
	CHECK_EQ(read(slave, &c, 1), 1);
}

TEST(interrupted)
{
	char c;
	tty_pair(&master, &slave);
	pid_t pid = fork();
	if (pid == 0) {
		read(slave, &c, 1);
		_exit(0);
	}
	CHECK_SOON(check_state(pid) == 'S');
	kill(pid, SIGTERM);
	CHECK_WAIT(pid, KILLED(SIGTERM));
}

TEST(counts)
{
	int n = -1;
	tty_pair(&master, &slave);
	tty_type(master, "abc");
	check_sleep_ms(10);
	CHECK_OK(ioctl(slave, FIONREAD, &n));
	CHECK_EQ(n, 0);
	tty_type(master, "d\n");
	CHECK(tty_ready(slave, POLLIN, 1000));
	CHECK_OK(ioctl(slave, FIONREAD, &n));
	CHECK_EQ(n, 5);
	CHECK_OK(ioctl(slave, TIOCOUTQ, &n));
	CHECK_EQ(n, 0);
	CHECK_SOON(ioctl(master, FIONREAD, &n) == 0 && n == 6);
}

TEST(flush)
{
	tty_pair(&master, &slave);
	tty_type(master, "lost\n");
	CHECK(tty_ready(slave, POLLIN, 1000));
	CHECK_OK(tcflush(slave, TCIFLUSH));
	CHECK(!tty_ready(slave, POLLIN, 0));
	CHECK_ERR(ioctl(slave, TCFLSH, 7), EINVAL);
	tty_type(master, "kept\n");
	CHECK_STR(tty_text(slave), "kept\n");
	tty_type(master, "lost\n");
	CHECK(tty_ready(slave, POLLIN, 1000));
	struct termios t;
	CHECK_OK(tcgetattr(slave, &t));
	CHECK_OK(tcsetattr(slave, TCSAFLUSH, &t));
	CHECK(!tty_ready(slave, POLLIN, 0));
}

TEST(flow)
{
	tty_pair(&master, &slave);
	CHECK_OK(tcflow(slave, TCOOFF));
	CHECK_OK(fcntl(slave, F_SETFL, O_NONBLOCK));
	CHECK_ERR(write(slave, "x", 1), EAGAIN);
	CHECK_OK(tcflow(slave, TCOON));
	CHECK_EQ(write(slave, "y", 1), 1);
	CHECK_STR(tty_text(master), "y");
	CHECK_OK(tcflow(slave, TCIOFF));
	CHECK_STR(tty_text(master), "\023");
	CHECK_OK(tcflow(slave, TCION));
	CHECK_STR(tty_text(master), "\021");
	CHECK_ERR(ioctl(slave, TCXONC, 9), EINVAL);
}

TEST(size)
{
	struct winsize a = {24, 80, 0, 0}, b;
	tty_pair(&master, &slave);
	CHECK_OK(ioctl(slave, TIOCGWINSZ, &b));
	CHECK_EQ(b.ws_row, 0);
	CHECK_OK(ioctl(master, TIOCSWINSZ, &a));
	CHECK_OK(ioctl(slave, TIOCGWINSZ, &b));
	CHECK_EQ(b.ws_row, 24);
	CHECK_EQ(b.ws_col, 80);
	CHECK_ERR(ioctl(slave, TIOCGWINSZ, 8), EFAULT);
}

TEST(termios_of_both_ends)
{
	struct termios a, b;
	tty_pair(&master, &slave);
	tty_raw(master);
	CHECK_OK(tcgetattr(slave, &a));
	CHECK_OK(tcgetattr(master, &b));
	CHECK_EQ(a.c_lflag & (ICANON | ECHO | ISIG), 0);
	CHECK_EQ(a.c_iflag, b.c_iflag);
	CHECK_EQ(a.c_oflag, b.c_oflag);
	a.c_cflag = (a.c_cflag & ~CSIZE) | CS7 | PARENB;
	(void)tcsetattr(slave, TCSANOW, &a);	/* the C library says EINVAL: not all of it was taken */
	CHECK_OK(tcgetattr(slave, &b));
	CHECK_EQ(b.c_cflag & (CSIZE | PARENB), CS8);
	CHECK_OK(cfsetspeed(&b, B115200));
	CHECK_OK(tcsetattr(slave, TCSANOW, &b));
	CHECK_OK(tcgetattr(slave, &a));
	CHECK_EQ(cfgetospeed(&a), B115200);
}

TEST(packet_mode)
{
	char text[16];
	tty_pair(&master, &slave);
	CHECK_OK(ioctl(master, TIOCPKT, &(int){1}));
	CHECK_OK(write(slave, "ab", 2));
	CHECK(tty_ready(master, POLLIN, 1000));
	CHECK_EQ(read(master, text, sizeof text), 3);
	CHECK(memcmp(text, "\0ab", 3) == 0);
	CHECK_OK(tcflow(slave, TCOOFF));
	CHECK(tty_ready(master, POLLPRI, 1000));
	CHECK_EQ(read(master, text, sizeof text), 1);
	CHECK_EQ(text[0], TIOCPKT_STOP);
	CHECK_OK(tcflow(slave, TCOON));
	CHECK_EQ(read(master, text, sizeof text), 1);
	CHECK_EQ(text[0], TIOCPKT_START);
	CHECK_OK(tcflush(slave, TCIFLUSH));
	CHECK_EQ(read(master, text, sizeof text), 1);
	CHECK_EQ(text[0], TIOCPKT_FLUSHREAD);
	struct termios t;
	CHECK_OK(tcgetattr(slave, &t));
	t.c_iflag &= ~IXON;
	CHECK_OK(tcsetattr(slave, TCSANOW, &t));
	CHECK_EQ(read(master, text, sizeof text), 1);
	CHECK_EQ(text[0], TIOCPKT_NOSTOP);
	CHECK_OK(ioctl(master, TIOCPKT, &(int){0}));
}

TEST(not_known)
{
	tty_pair(&master, &slave);
	CHECK_ERR(ioctl(slave, 0x5499, 0), ENOTTY);
	CHECK_ERR(ioctl(slave, TIOCSETD, &(int){99}), EINVAL);
	CHECK_ERR(ioctl(slave, TIOCMGET, &(int){0}), ENOTTY);
	int line = -1;
	CHECK_OK(ioctl(slave, TIOCGETD, &line));
	CHECK_EQ(line, 0);
	CHECK_ERR(lseek(slave, 0, SEEK_CUR), ESPIPE);
	CHECK_ERR(pread(slave, &line, 1, 0), ESPIPE);
}

TEST(exclusive)
{
	tty_pair(&master, &slave);
	CHECK_OK(ioctl(slave, TIOCEXCL));
	if (geteuid() == 0) {
		CHECK_OK(chmod(tty_slave_name(master), 0666));
		IN_CHILD {
			CHECK_OK(setresuid(65534, 65534, 65534));
			CHECK_ERR(open(tty_slave_name(master), O_RDWR | O_NOCTTY), EBUSY);
		}
	}
	CHECK_OK(ioctl(slave, TIOCNXCL));
}
