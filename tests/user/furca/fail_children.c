/*
 * Each allocation of what only ends with the process fails once: a filter and its listener, a core file, a wait on many
 * words. A child of its own for each try; when it is gone every live-object count is what it was.
 */
#include "fail_nth.h"
#include "../seccomp.h"
#include <linux/futex.h>
#include <pthread.h>
#include <sys/ioctl.h>

static char own_core[80];

/* The n-th allocation of the child's run() fails. 0: it went well; else how it ended. */
static int try_child(void (*run)(void), int n)
{
	int status = -1;
	pid_t pid = fork();
	if (pid == 0) {
		fail_open();
		fail_arm(n);
		run();
		_exit(fail_disarm() ? 0 : 3);
	}
	check_interrupted_wait(pid, &status);
	unlink(own_core);
	return status;
}

static void sweep(const char *name, void (*run)(void), int tries)
{
	static struct objects before;
	int failed = 0;
	try_child(run, 1000000);	/* what is made once is there */
	fail_warm_up(&before);
	for (int n = 1; n <= tries; n++) {
		failed += try_child(run, n) != try_child(run, 1000000);
		const char *difference = objects_settle(&before, 300);
		if (*difference)
			check_fail("fail_children.c", __LINE__, "%s: allocation %d leaves %s", name, n, difference);
	}
	CHECK(failed > 0);
}

static void filter(void)
{
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	int fd = seccomp_say(SYS_getpgid, SECCOMP_RET_USER_NOTIF, SECCOMP_FILTER_FLAG_NEW_LISTENER);
	if (fd < 0 && errno != ENOMEM && errno != ENFILE)
		check_fail("fail_children.c", __LINE__, "seccomp: errno %d", errno);
	if (fd >= 0)
		close(fd);
}

static void wait_on_many(void)
{
	static unsigned words[64];
	static struct futex_waitv all[64];
	struct timespec now = {0, 1};
	for (int i = 0; i < 64; i++)
		all[i] = (struct futex_waitv){.uaddr = (uintptr_t)&words[i], .flags = FUTEX_32 | FUTEX_PRIVATE_FLAG};
	long r = RAW(449, all, 64, 0, &now, CLOCK_MONOTONIC);
	if (r != -ETIMEDOUT && r != -ENOMEM)
		check_fail("fail_children.c", __LINE__, "futex_waitv: %ld", r);
}

static void *waits(void *arg)
{
	pause();
	return arg;
}

static void core(void)
{
	pthread_t t;
	fail_arm(0);
	pthread_create(&t, 0, waits, 0);
	setrlimit(RLIMIT_CORE, &(struct rlimit){1 << 24, 1 << 24});
	fail_arm(1);
	abort();
}

static int core_at;
static void core_later(void)
{
	fail_arm(0);
	setrlimit(RLIMIT_CORE, &(struct rlimit){1 << 24, 1 << 24});
	fail_arm(core_at);
	abort();
}

TEST(filters) { sweep("seccomp", filter, 12); }
TEST(waits_on_many) { sweep("futex_waitv", wait_on_many, 3); }

TEST(cores)
{
	static struct objects before;
	check_scratch();
	snprintf(own_core, sizeof own_core, "core");
	setrlimit(RLIMIT_CORE, &(struct rlimit){1 << 24, 1 << 24});
	core_at = 1000000;
	CHECK_EQ(try_child(core_later, 1000000), SIGABRT | 0x80);
	try_child(core, 1000000);
	fail_warm_up(&before);
	for (core_at = 1; core_at < 60; core_at++) {
		int status = try_child(core_later, 1000000);
		CHECK_EQ(status & 0x7f, SIGABRT);
		if (core_at < 3)
			try_child(core, 1000000);
		const char *difference = objects_settle(&before, 300);
		if (*difference)
			check_fail("fail_children.c", __LINE__, "core: allocation %d leaves %s", core_at, difference);
	}
}
