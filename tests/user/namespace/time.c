/* time_namespaces(7): clocks that are ahead for the children of who asked; what may be written where, when, and by whom. */
#include "check.h"
#include <linux/futex.h>
#include <linux/sched.h>
#include <pthread.h>
#include <sched.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <sys/timerfd.h>
#include <sys/utsname.h>
#include <sys/wait.h>

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x80
#endif
#define AHEAD 100000	/* seconds */

static bool has_time_namespaces(void) { return !geteuid() && !access("/proc/self/ns/time", F_OK); }

static int offsets_write(const char *text)
{
	int fd = open("/proc/self/timens_offsets", O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return errno;
	ssize_t n = write(fd, text, strlen(text));
	int err = n < 0 ? errno : n == (ssize_t)strlen(text) ? 0 : -1;
	close(fd);
	return err;
}

static long seconds(clockid_t clock)
{
	struct timespec ts;
	clock_gettime(clock, &ts);
	return ts.tv_sec;
}

static long raw_seconds(clockid_t clock)
{
	struct timespec ts;
	syscall(SYS_clock_gettime, clock, &ts);
	return ts.tv_sec;
}

static bool is_near(long a, long b) { return labs(a - b) <= 3; }

static unsigned long ino(const char *link)
{
	struct stat st;
	char path[64];
	snprintf(path, sizeof path, "/proc/self/ns/%s", link);
	return stat(path, &st) ? 0 : st.st_ino;
}

TEST(offsets_are_shown)
{
	char text[256];
	if (!has_time_namespaces())
		return;
	CHECK(check_slurp("/proc/self/timens_offsets", text, sizeof text) > 0);
	CHECK(!strcmp(text, "monotonic           0         0\nboottime            0         0\n"));
	CHECK_EQ(offsets_write("monotonic 1 0"), EACCES);	/* the first one's never change */
	CHECK_OK(unshare(CLONE_NEWTIME));
	CHECK_EQ(offsets_write("monotonic 86400 7\nboottime -1 999999999\n"), 0);
	CHECK_EQ(offsets_write("boottime 1 5"), 0);
	CHECK(check_slurp("/proc/self/timens_offsets", text, sizeof text) > 0);
	CHECK(strstr(text, "boottime            1         5\n") != 0);
}

TEST(only_children_go_in)
{
	if (!has_time_namespaces())
		return;
	long mono = seconds(CLOCK_MONOTONIC), boot = seconds(CLOCK_BOOTTIME);
	unsigned long was = ino("time");
	CHECK_OK(unshare(CLONE_NEWTIME));
	CHECK_EQ(ino("time"), was);
	CHECK(ino("time_for_children") != was);
	CHECK_EQ(offsets_write("monotonic 100000 0\nboottime 200000 0"), 0);
	CHECK(is_near(seconds(CLOCK_MONOTONIC), mono));
	unsigned long children = ino("time_for_children");
	IN_CHILD {
		struct timespec real;
		struct sysinfo info;
		double up;
		char text[64];
		CHECK_EQ(ino("time"), children);
		CHECK(is_near(seconds(CLOCK_MONOTONIC), mono + AHEAD));
		CHECK(is_near(raw_seconds(CLOCK_MONOTONIC), mono + AHEAD));
		CHECK(is_near(seconds(CLOCK_MONOTONIC_COARSE), mono + AHEAD));
		CHECK(is_near(seconds(CLOCK_MONOTONIC_RAW), mono + AHEAD));
		CHECK(is_near(seconds(CLOCK_BOOTTIME), boot + 2 * AHEAD));
		clock_gettime(CLOCK_REALTIME, &real);
		CHECK(is_near(real.tv_sec, time(0)));
		CHECK_OK(sysinfo(&info));
		CHECK(is_near(info.uptime, boot + 2 * AHEAD));
		CHECK(check_slurp("/proc/uptime", text, sizeof text) > 0 && sscanf(text, "%lf", &up) == 1);
		CHECK(is_near((long)up, boot + 2 * AHEAD));
		IN_CHILD
			CHECK(is_near(seconds(CLOCK_MONOTONIC), mono + AHEAD));
	}
	CHECK_EQ(offsets_write("monotonic 1 0"), EACCES);	/* somebody is in it */
	CHECK(is_near(seconds(CLOCK_MONOTONIC), mono));
	CHECK_OK(unshare(CLONE_NEWTIME));	/* starts with the offsets of the old one for children */
	IN_CHILD
		CHECK(is_near(seconds(CLOCK_MONOTONIC), mono + AHEAD));
}

TEST(clone3_child)
{
	if (!has_time_namespaces())
		return;
	unsigned long was = ino("time");
	struct clone_args a = { .flags = CLONE_NEWTIME, .exit_signal = SIGCHLD };
	pid_t p = (pid_t)syscall(SYS_clone3, &a, sizeof a);
	if (!p) {
		CHECK(ino("time") != was);
		CHECK_EQ(ino("time"), ino("time_for_children"));
		CHECK_EQ(offsets_write("monotonic 1 0"), EACCES);
		_exit(check_failed != 0);
	}
	CHECK_WAIT(p, EXITED(0));
	CHECK_EQ(ino("time_for_children"), was);
}

TEST(shared_memory_has_one_clock)
{
	struct utsname u;
	if (!has_time_namespaces() || uname(&u) || strncmp(u.release, "6.1.", 4))
		return;		/* later kernels let it run by the parent's clock until exec */
	CHECK_OK(unshare(CLONE_NEWTIME));
	CHECK_ERR(syscall(SYS_clone, CLONE_VM | CLONE_VFORK | SIGCHLD, 0, 0, 0, 0), EINVAL);
	CHECK_ERR(syscall(SYS_clone, CLONE_VM | SIGCHLD, 0, 0, 0, 0), EINVAL);
	pthread_t t;
	CHECK_EQ(pthread_create(&t, 0, (void *(*)(void *))abort, 0), EINVAL);
}

TEST(lines)
{
	if (!has_time_namespaces())
		return;
	static const struct { const char *text; int want; } cases[] = {
		{ "", EINVAL }, { "monotonic", EINVAL }, { "monotonic 1", EINVAL }, { "monotonic 1 1000000000", EINVAL },
		{ "monotonic 1 -1", EINVAL }, { "realtime 1 1", EINVAL }, { "2 1 1", EINVAL }, { "mono 1 1", EINVAL },
		{ "monotonicx 1 1", EINVAL }, { "monotonic x 1", EINVAL }, { "monotonic 1 1\n\n", EINVAL },
		{ "monotonic -9223372036 0", ERANGE }, { "monotonic 9223372037 0", ERANGE }, { "boottime 4611686019 0", ERANGE },
		{ "boottime -1000000 0", ERANGE }, { "monotonic 1 1 junk", 0 }, { "1 10 0\n7 11 0\n", 0 },
		{ "  boottime\t12 0", 0 }, { "monotonic 1 0\nmonotonic 2 0\nrubbish", -1 },
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		CHECK_OK(unshare(CLONE_NEWTIME));
		int got = offsets_write(cases[i].text);
		if (got != cases[i].want)
			check_fail(__FILE_NAME__, __LINE__, "\"%s\": got %d, wanted %d", cases[i].text, got, cases[i].want);
	}
	int fd = open("/proc/self/timens_offsets", O_RDWR);
	CHECK_EQ(lseek(fd, 1, SEEK_SET), 1);
	CHECK_ERR(write(fd, "1 1 1", 5), EINVAL);
	char page[4096];
	memset(page, ' ', sizeof page);
	CHECK_EQ(lseek(fd, 0, SEEK_SET), 0);
	CHECK_ERR(write(fd, page, sizeof page), EINVAL);
	CHECK_ERR(write(fd, (void *)8, 5), EFAULT);
}

TEST(only_with_the_right)
{
	if (!has_time_namespaces())
		return;
	CHECK_OK(unshare(CLONE_NEWTIME));
	int time_fd = open("/proc/self/ns/time_for_children", O_RDONLY);
	IN_CHILD {
		CHECK_OK(setresgid(1000, 1000, 1000));
		CHECK_OK(setresuid(1000, 1000, 1000));
		CHECK_ERR(unshare(CLONE_NEWTIME), EPERM);
		CHECK_ERR(setns(time_fd, CLONE_NEWTIME), EPERM);
	}
	CHECK_OK(seteuid(1000));
	CHECK(offsets_write("monotonic 1 0") == EPERM || offsets_write("monotonic 1 0") == EACCES);
}

static void *wait_here(void *arg) { pause(); return 0; }

TEST(setns_takes_one_over)
{
	if (!has_time_namespaces())
		return;
	long mono = seconds(CLOCK_MONOTONIC);
	int own = open("/proc/self/ns/time", O_RDONLY);
	CHECK_OK(unshare(CLONE_NEWTIME));
	CHECK_EQ(offsets_write("monotonic 100000 0"), 0);
	int fd = open("/proc/self/ns/time_for_children", O_RDONLY);
	CHECK(fd >= 0);
	CHECK_ERR(setns(fd, CLONE_NEWUTS), EINVAL);
	IN_CHILD {
		pthread_t t;
		pthread_create(&t, 0, wait_here, 0);
		CHECK_ERR(setns(fd, 0), EUSERS);
		_exit(check_failed != 0);
	}
	CHECK_OK(setns(fd, CLONE_NEWTIME));
	CHECK(is_near(seconds(CLOCK_MONOTONIC), mono + AHEAD));
	CHECK(is_near(raw_seconds(CLOCK_MONOTONIC), mono + AHEAD));
	CHECK_EQ(ino("time"), ino("time_for_children"));
	IN_CHILD
		CHECK(is_near(seconds(CLOCK_MONOTONIC), mono + AHEAD));
	CHECK_OK(setns(own, 0));
	CHECK(is_near(seconds(CLOCK_MONOTONIC), mono));
}

HELPER(clock) { return labs(seconds(CLOCK_MONOTONIC) - atol(argv[2])) <= 3 ? 0 : 1; }

TEST(exec)
{
	if (!has_time_namespaces())
		return;
	char now[32], later[32];
	snprintf(now, sizeof now, "%ld", seconds(CLOCK_MONOTONIC));
	snprintf(later, sizeof later, "%ld", seconds(CLOCK_MONOTONIC) + AHEAD);
	CHECK_OK(unshare(CLONE_NEWTIME));
	CHECK_EQ(offsets_write("monotonic 100000 0"), 0);
	pid_t p = fork();
	if (!p) {
		execl(check_self, check_self, "@clock", later, (char *)0);
		_exit(9);
	}
	CHECK_WAIT(p, EXITED(0));
	/* the one who asked stays outside, after exec too */
	execl(check_self, check_self, "@clock", now, (char *)0);
}

/* futex_waitv's time is a point of the clock that its caller sees. */
static void wait_on_words(void)
{
	static unsigned word;
	struct futex_waitv one = { .uaddr = (uintptr_t)&word, .flags = FUTEX_32 | FUTEX_PRIVATE_FLAG };
	struct timespec ts;
	long begin = check_now_ms();
	clock_gettime(CLOCK_MONOTONIC, &ts);
	ts.tv_sec++;
	CHECK_EQ(RAW(449, &one, 1, 0, &ts, CLOCK_MONOTONIC), -ETIMEDOUT);
	CHECK(check_now_ms() - begin >= 999 && check_now_ms() - begin < 8000);
}

TEST(points_in_time)
{
	if (!has_time_namespaces())
		return;
	CHECK_OK(unshare(CLONE_NEWTIME));
	CHECK_EQ(offsets_write("monotonic 100000 0\nboottime 100000 0"), 0);
	IN_CHILD {
		static const clockid_t clocks[] = { CLOCK_MONOTONIC, CLOCK_BOOTTIME };
		for (int i = 0; i < 2; i++) {
			struct timespec ts;
			long begin = check_now_ms();
			clock_gettime(clocks[i], &ts);
			ts.tv_nsec += 20000000;
			if (ts.tv_nsec >= 1000000000)
				ts.tv_sec++, ts.tv_nsec -= 1000000000;
			CHECK_EQ(clock_nanosleep(clocks[i], TIMER_ABSTIME, &ts, 0), 0);
			CHECK(check_now_ms() - begin >= 19 && check_now_ms() - begin < 5000);
			/* what was long before the offset has been */
			struct timespec past = { 5, 0 };
			CHECK_EQ(clock_nanosleep(clocks[i], TIMER_ABSTIME, &past, 0), 0);
			int fd = timerfd_create(clocks[i], 0);
			uint64_t n = 0;
			clock_gettime(clocks[i], &ts);
			ts.tv_sec++;
			struct itimerspec set = { .it_value = ts }, got;
			CHECK_OK(timerfd_settime(fd, TFD_TIMER_ABSTIME, &set, 0));
			CHECK_OK(timerfd_gettime(fd, &got));
			CHECK(got.it_value.tv_sec <= 1);
			set.it_value = past;
			CHECK_OK(timerfd_settime(fd, TFD_TIMER_ABSTIME, &set, 0));
			CHECK_EQ(read(fd, &n, sizeof n), (ssize_t)sizeof n);
			CHECK_EQ(n, 1);
			close(fd);
			timer_t timer;
			struct sigevent none = { .sigev_notify = SIGEV_NONE };
			CHECK_OK(timer_create(clocks[i], &none, &timer));
			set.it_value = ts;
			CHECK_OK(timer_settime(timer, TIMER_ABSTIME, &set, 0));
			CHECK_OK(timer_gettime(timer, &got));
			CHECK(got.it_value.tv_sec <= 1);
		}
		wait_on_words();
	}
}

TEST(start_time_and_btime)
{
	if (!has_time_namespaces())
		return;
	CHECK_OK(unshare(CLONE_NEWTIME));
	CHECK_EQ(offsets_write("boottime 100000 0"), 0);
	IN_CHILD {
		char text[4096], *at;
		unsigned long long start = 0;
		CHECK(check_slurp("/proc/self/stat", text, sizeof text) > 0);
		at = strrchr(text, ')');
		for (int i = 0; i < 20 && at; i++)
			at = strchr(at + 1, ' ');
		CHECK(at && sscanf(at, "%llu", &start) == 1);
		CHECK(is_near((long)(start / 100), seconds(CLOCK_BOOTTIME)));
		CHECK(check_slurp("/proc/stat", text, sizeof text) > 0);
		at = strstr(text, "btime ");
		CHECK(at && is_near(atol(at + 6) + seconds(CLOCK_BOOTTIME), time(0)));
	}
}
