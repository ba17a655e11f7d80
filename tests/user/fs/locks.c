/* flock(2), fcntl(2)'s record locks and open-file locks. */
#include "check.h"
#include <pthread.h>
#include <sys/file.h>

static int file;

static void start(void)
{
	check_scratch();
	CHECK_OK(check_spew("f", "0123456789", 10, 0644));
	file = NEED_OK(open("f", O_RDWR));
}

static int lock(int fd, int cmd, int type, long from, long len)
{
	struct flock l = {.l_type = type, .l_whence = SEEK_SET, .l_start = from, .l_len = len};
	return fcntl(fd, cmd, &l);
}

/* Who stands in the way of a write lock, as "type from len pid"; "" nobody. */
static const char *in_the_way(int fd, int cmd, long from, long len)
{
	static char text[80];
	struct flock l = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = from, .l_len = len};
	if (fcntl(fd, cmd, &l))
		return "error";
	if (l.l_type == F_UNLCK)
		return "";
	snprintf(text, sizeof text, "%c %ld %ld %s", l.l_type == F_RDLCK ? 'r' : 'w', (long)l.l_start, (long)l.l_len,
		 l.l_pid == -1 ? "-1" : l.l_pid == getppid() ? "parent" : "other");
	return text;
}

TEST(records_split_and_melt)
{
	start();
	CHECK_OK(lock(file, F_SETLK, F_WRLCK, 0, 100));
	CHECK_OK(lock(file, F_SETLK, F_UNLCK, 40, 20));
	CHECK_OK(lock(file, F_SETLK, F_RDLCK, 10, 10));
	IN_CHILD {
		CHECK_STR(in_the_way(file, F_GETLK, 0, 5), "w 0 10 parent");
		CHECK_STR(in_the_way(file, F_GETLK, 10, 1), "r 10 10 parent");
		CHECK_STR(in_the_way(file, F_GETLK, 20, 1), "w 20 20 parent");
		CHECK_STR(in_the_way(file, F_GETLK, 40, 20), "");
		CHECK_STR(in_the_way(file, F_GETLK, 60, 0), "w 60 40 parent");
		CHECK_ERR(lock(file, F_SETLK, F_RDLCK, 0, 1), EAGAIN);
		CHECK_OK(lock(file, F_SETLK, F_RDLCK, 10, 10));
		CHECK_ERR(lock(file, F_SETLK, F_WRLCK, 10, 10), EAGAIN);
	}
	CHECK_OK(lock(file, F_SETLK, F_WRLCK, 40, 20));
	CHECK_OK(lock(file, F_SETLK, F_WRLCK, 10, 10));
	IN_CHILD {
		CHECK_STR(in_the_way(file, F_GETLK, 0, 0), "w 0 100 parent");
	}
	CHECK_OK(lock(file, F_SETLK, F_UNLCK, 0, 0));
	IN_CHILD {
		CHECK_STR(in_the_way(file, F_GETLK, 0, 0), "");
	}
}

TEST(ranges)
{
	struct flock l = {.l_type = F_WRLCK, .l_whence = SEEK_END, .l_start = 0, .l_len = -4};
	start();
	CHECK_OK(fcntl(file, F_SETLK, &l));
	IN_CHILD {
		CHECK_STR(in_the_way(file, F_GETLK, 0, 0), "w 6 4 parent");
	}
	CHECK_ERR(lock(file, F_SETLK, F_WRLCK, -1, 4), EINVAL);
	CHECK_ERR(lock(file, F_SETLK, F_WRLCK, 2, -3), EINVAL);
	CHECK_ERR(lock(file, F_SETLK, 9, 0, 1), EINVAL);
	l.l_whence = 3;
	CHECK_ERR(fcntl(file, F_SETLK, &l), EINVAL);
	CHECK_ERR(fcntl(file, F_SETLK, (void *)8), EFAULT);
	int reader = NEED_OK(open("f", O_RDONLY)), writer = NEED_OK(open("f", O_WRONLY));
	CHECK_ERR(lock(reader, F_SETLK, F_WRLCK, 0, 1), EBADF);
	CHECK_ERR(lock(writer, F_SETLK, F_RDLCK, 0, 1), EBADF);
	CHECK_OK(lock(reader, F_SETLK, F_RDLCK, 0, 1));
}

/* Any close of the file by the process drops its records, also those taken through another descriptor. */
TEST(any_close_drops_all)
{
	start();
	CHECK_OK(lock(file, F_SETLK, F_WRLCK, 0, 0));
	int other = NEED_OK(open("f", O_RDONLY));
	IN_CHILD {
		CHECK_STR(in_the_way(file, F_GETLK, 0, 0), "w 0 0 parent");
		close(other);	/* the child owns none of them */
		CHECK_STR(in_the_way(file, F_GETLK, 0, 0), "w 0 0 parent");
	}
	close(other);
	IN_CHILD {
		CHECK_STR(in_the_way(file, F_GETLK, 0, 0), "");
	}
}

/* A process's records go with it, though a child still has the descriptors. */
TEST(death_drops_all)
{
	int ready[2], go[2];
	char c;
	start();
	NEED_OK(pipe(ready));
	NEED_OK(pipe(go));
	pid_t holder = fork();
	if (!holder) {
		CHECK_OK(lock(file, F_SETLK, F_WRLCK, 0, 0));
		pid_t child = fork();
		if (!child) {	/* shares the table, touches nothing of it */
			_exit(read(go[0], &c, 1) != 1);
		}
		CHECK_EQ(write(ready[1], "x", 1), 1);
		CHECK_EQ(read(go[0], &c, 1), 1);
		_exit(check_failed != 0);
	}
	CHECK_EQ(read(ready[0], &c, 1), 1);
	CHECK_ERR(lock(file, F_SETLK, F_RDLCK, 0, 1), EAGAIN);
	CHECK_EQ(write(go[1], "x", 1), 1);
	/* one of the two reads it; end both before looking at whose death it was */
	CHECK_EQ(write(go[1], "x", 1), 1);
	CHECK_WAIT(holder, EXITED(0));
	CHECK_OK(lock(file, F_SETLK, F_RDLCK, 0, 1));
}

TEST(exec_keeps_records)
{
	start();
	CHECK_OK(lock(file, F_SETLK, F_WRLCK, 0, 0));
	char parent[16];
	snprintf(parent, sizeof parent, "%d", file);
	int go[2];
	NEED_OK(pipe(go));
	pid_t pid = fork();
	if (!pid) {
		close(go[1]);
		char c;
		CHECK_EQ(read(go[0], &c, 1), 0);
		CHECK_STR(in_the_way(file, F_GETLK, 0, 0), "w 0 0 parent");
		_exit(check_failed != 0);
	}
	pid_t execer = fork();
	if (!execer) {
		/* the lock is the parent's, not ours: our exec and end do nothing to it */
		execl("/proc/self/exe", check_self, "@nothing", NULL);
		_exit(9);
	}
	CHECK_WAIT(execer, EXITED(0));
	close(go[0]);
	close(go[1]);
	CHECK_WAIT(pid, EXITED(0));
}

HELPER(nothing)
{
	return 0;
}

HELPER(hold)
{
	/* argv[2]: the file's descriptor; our own lock from before exec is still there for others */
	char c;
	write(atoi(argv[3]), "x", 1);
	return read(atoi(argv[4]), &c, 1) != 1;
}

TEST(own_records_survive_own_exec)
{
	int up[2], down[2];
	char c, a[16], b[16], d[16];
	start();
	NEED_OK(pipe(up));
	NEED_OK(pipe(down));
	pid_t pid = fork();
	if (!pid) {
		CHECK_OK(lock(file, F_SETLK, F_WRLCK, 0, 0));
		fcntl(NEED_OK(open("f", O_RDONLY)), F_SETFD, 0);
		snprintf(a, sizeof a, "%d", file);
		snprintf(b, sizeof b, "%d", up[1]);
		snprintf(d, sizeof d, "%d", down[0]);
		execl("/proc/self/exe", check_self, "@hold", a, b, d, NULL);
		_exit(9);
	}
	CHECK_EQ(read(up[0], &c, 1), 1);
	CHECK_ERR(lock(file, F_SETLK, F_RDLCK, 0, 1), EAGAIN);
	CHECK_EQ(write(down[1], "x", 1), 1);
	CHECK_WAIT(pid, EXITED(0));
	CHECK_OK(lock(file, F_SETLK, F_RDLCK, 0, 1));
}

TEST(waiting)
{
	int ready[2];
	char c;
	start();
	NEED_OK(pipe(ready));
	CHECK_OK(lock(file, F_SETLK, F_WRLCK, 0, 5));
	pid_t pid = fork();
	if (!pid) {
		CHECK_EQ(write(ready[1], "x", 1), 1);
		CHECK_OK(lock(file, F_SETLKW, F_WRLCK, 0, 1));
		_exit(check_failed != 0);
	}
	CHECK_EQ(read(ready[0], &c, 1), 1);
	usleep(30000);
	CHECK_EQ(waitpid(pid, NULL, WNOHANG), 0);
	CHECK_OK(lock(file, F_SETLK, F_UNLCK, 0, 0));
	CHECK_WAIT(pid, EXITED(0));
}

static void on_alarm(int sig) { }

TEST(waiting_is_interrupted)
{
	start();
	CHECK_OK(lock(file, F_SETLK, F_WRLCK, 0, 5));
	IN_CHILD {
		struct sigaction sa = {.sa_handler = on_alarm};
		sigaction(SIGALRM, &sa, NULL);
		struct itimerval it = {{0, 0}, {0, 50000}};
		setitimer(ITIMER_REAL, &it, NULL);
		CHECK_ERR(lock(file, F_SETLKW, F_WRLCK, 0, 1), EINTR);
	}
}

TEST(deadlock_is_seen)
{
	int ready[2];
	char c;
	start();
	NEED_OK(pipe(ready));
	CHECK_OK(lock(file, F_SETLK, F_WRLCK, 0, 1));
	pid_t pid = fork();
	if (!pid) {
		CHECK_OK(lock(file, F_SETLK, F_WRLCK, 1, 1));
		CHECK_EQ(write(ready[1], "x", 1), 1);
		CHECK_OK(lock(file, F_SETLKW, F_WRLCK, 0, 1));
		_exit(check_failed != 0);
	}
	CHECK_EQ(read(ready[0], &c, 1), 1);
	usleep(50000);
	CHECK_ERR(lock(file, F_SETLKW, F_WRLCK, 1, 1), EDEADLK);
	CHECK_OK(lock(file, F_SETLK, F_UNLCK, 0, 1));
	CHECK_WAIT(pid, EXITED(0));
}

/* -- who waits for whom, when it changes -- */
static int told[2];

static void tell(void)
{
	CHECK_EQ(write(told[1], "x", 1), 1);
}

static void hear(void)
{
	char c;
	CHECK_EQ(read(told[0], &c, 1), 1);
}

/* A process that takes one lock, says so, and waits for another. */
static pid_t taker(int type, long has, long wants)
{
	pid_t pid = fork();
	if (pid == 0) {
		CHECK_OK(lock(file, F_SETLK, type, has, 1));
		tell();
		if (wants < 0)
			for (;;)
				pause();
		CHECK_OK(lock(file, F_SETLKW, F_WRLCK, wants, 1));
		_exit(check_failed != 0);
	}
	hear();
	return pid;
}

/* It waited for us, and now waits for the other reader: to wait for it closes no circle. */
TEST(who_is_waited_for_changes)
{
	start();
	NEED_OK(pipe(told));
	CHECK_OK(lock(file, F_SETLK, F_RDLCK, 0, 1));
	pid_t reader = taker(F_RDLCK, 0, -1);
	pid_t writer = taker(F_WRLCK, 1, 0);
	check_sleep_ms(50 * check_patience());
	CHECK_OK(lock(file, F_SETLK, F_UNLCK, 0, 1));
	check_sleep_ms(50 * check_patience());
	pid_t killer = fork();
	if (killer == 0) {
		check_sleep_ms(100 * check_patience());
		_exit(kill(reader, SIGKILL));
	}
	CHECK_OK(lock(file, F_SETLKW, F_WRLCK, 1, 1));
	CHECK_WAIT(writer, EXITED(0));
	CHECK_WAIT(killer, EXITED(0));
	CHECK_WAIT(reader, KILLED(SIGKILL));
}

static void *waits_for(void *place)
{
	lock(file, F_SETLKW, F_WRLCK, (long)place, 1);
	return 0;
}

static void nothing(int sig)
{
}

/* The threads of one process wait for two others, one of which waits for it: who asks about them gets an answer. */
static void circle_behind_threads(long first, long second)
{
	int go[2];
	NEED_OK(pipe(go));
	pid_t one = taker(F_WRLCK, 1, -1), back = fork();
	if (back == 0) {
		char c;
		CHECK_OK(lock(file, F_SETLK, F_WRLCK, 4, 1));
		tell();
		CHECK_EQ(read(go[0], &c, 1), 1);
		lock(file, F_SETLKW, F_WRLCK, 3, 1);	/* or is told of a circle: then there is none */
		for (;;)
			pause();
	}
	hear();
	pid_t both = fork();
	if (both == 0) {
		pthread_t t;
		CHECK_OK(lock(file, F_SETLK, F_WRLCK, 3, 1));
		pthread_create(&t, 0, waits_for, (void *)first);
		check_sleep_ms(50 * check_patience());
		pthread_create(&t, 0, waits_for, (void *)second);
		check_sleep_ms(50 * check_patience());
		tell();
		for (;;)
			pause();
	}
	hear();
	CHECK_EQ(write(go[1], "x", 1), 1);
	check_sleep_ms(50 * check_patience());
	check_reap(one);
	check_sleep_ms(50 * check_patience());
	sigaction(SIGALRM, &(struct sigaction){.sa_handler = nothing}, 0);
	unsigned rest = alarm(1);
	CHECK_ERR(lock(file, F_SETLKW, F_WRLCK, 3, 1), EINTR);
	alarm(rest);
	check_reap(back);
	check_reap(both);
}

TEST(a_circle_of_others_ends)
{
	start();
	NEED_OK(pipe(told));
	circle_behind_threads(1, 4);
	circle_behind_threads(4, 1);
}

TEST(open_file_locks)
{
	start();
	int other = NEED_OK(open("f", O_RDWR));
	CHECK_OK(lock(file, F_OFD_SETLK, F_WRLCK, 0, 10));
	CHECK_ERR(lock(other, F_OFD_SETLK, F_WRLCK, 0, 1), EAGAIN);
	CHECK_ERR(lock(other, F_SETLK, F_WRLCK, 0, 1), EAGAIN);
	CHECK_STR(in_the_way(other, F_OFD_GETLK, 0, 1), "w 0 10 -1");
	CHECK_STR(in_the_way(other, F_GETLK, 0, 1), "w 0 10 -1");
	IN_CHILD {
		CHECK_OK(lock(file, F_OFD_SETLK, F_RDLCK, 0, 10));	/* the same open file */
		close(file);
	}
	CHECK_ERR(lock(other, F_OFD_SETLK, F_WRLCK, 0, 1), EAGAIN);
	CHECK_OK(lock(other, F_OFD_SETLK, F_RDLCK, 0, 1));
	close(file);
	CHECK_OK(lock(other, F_OFD_SETLK, F_WRLCK, 0, 10));
	struct flock l = {.l_type = F_RDLCK, .l_pid = 5};
	CHECK_ERR(fcntl(other, F_OFD_SETLK, &l), EINVAL);
}

TEST(whole_file_locks)
{
	start();
	int same = NEED_OK(dup(file)), other = NEED_OK(open("f", O_RDONLY));
	CHECK_OK(flock(file, LOCK_EX));
	CHECK_OK(flock(same, LOCK_EX | LOCK_NB));
	CHECK_ERR(flock(other, LOCK_SH | LOCK_NB), EWOULDBLOCK);
	CHECK_OK(lock(file, F_SETLK, F_WRLCK, 0, 0));	/* the other kind does not see it */
	IN_CHILD {
		CHECK_OK(flock(file, LOCK_SH));
	}
	CHECK_OK(flock(other, LOCK_SH | LOCK_NB));
	CHECK_ERR(flock(file, LOCK_EX | LOCK_NB), EWOULDBLOCK);
	CHECK_OK(flock(other, LOCK_UN));
	CHECK_OK(flock(file, LOCK_EX | LOCK_NB));
	close(file);
	CHECK_ERR(flock(other, LOCK_SH | LOCK_NB), EWOULDBLOCK);
	close(same);
	CHECK_OK(flock(other, LOCK_EX | LOCK_NB));
	CHECK_ERR(flock(other, 0), EINVAL);
	CHECK_ERR(flock(99, LOCK_SH), EBADF);
}
