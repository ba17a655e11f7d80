/*
 * fail_nth.h: lets each allocation of a system call fail once (/proc/self/fail-nth), on Furca only. An operation is a row:
 * its call, which gives a result or -errno, what goes before, what undoes it, and the errors that it may give for memory.
 * n counts up until the call succeeds with the failure not used. After each try every live-object count must be what it was.
 */
#pragma once

#include "clone.h"
#include "objects.h"

#define FAIL_TRIES_MAX 400

struct fail_op {
	const char *name;
	void (*before)(void);
	long (*run)(void);
	void (*after)(long result);
	int errors[4];
};

static int fail_fd = -1;

static inline void fail_open(void)
{
	char path[60];
	snprintf(path, sizeof path, "/proc/self/task/%d/fail-nth", (int)syscall(SYS_gettid));
	fail_fd = NEED_OK(open(path, O_RDWR));
}

static inline void fail_arm(int n)
{
	char text[16];
	int length = snprintf(text, sizeof text, "%d", n);
	if (pwrite(fail_fd, text, length, 0) != length)
		check_fail("fail_nth.h", __LINE__, "arm %d: errno %d", n, errno);
}

/* What was left to count: 0 when an allocation has failed. */
static inline long fail_disarm(void)
{
	char text[16] = "";
	ssize_t length = pread(fail_fd, text, sizeof text - 1, 0);
	if (length <= 0)
		check_fail("fail_nth.h", __LINE__, "disarm: errno %d", errno);
	fail_arm(0);
	return atol(text);
}

static inline bool fail_error_is_known(const struct fail_op *op, long error)
{
	if (error == ENOMEM)
		return true;
	for (int i = 0; i < 4; i++)
		if (op->errors[i] == error)
			return true;
	return false;
}

/* One try; false: nothing failed any more. */
static inline bool fail_try(const struct fail_op *op, int n, long *failed)
{
	if (op->before)
		op->before();
	if (n)
		fail_arm(n);
	long result = op->run();
	long left = n ? fail_disarm() : 1;
	if (op->after)
		op->after(result);
	if (result < 0 && left)
		check_fail(op->name, n, "error %ld without a failed allocation", -result);
	else if (result < 0 && !fail_error_is_known(op, -result))
		check_fail(op->name, n, "error %ld (%s)", -result, strerror(-result));
	*failed += result < 0;
	return left == 0;
}

/* The comparison's own pages too. */
static inline void fail_warm_up(struct objects *before)
{
	for (int i = 0; i < 3; i++) {
		objects_read_quiet(before);
	}
	objects_read(before);
}

static inline void fail_all(const struct fail_op *op)
{
	static struct objects before;
	int n = 1;
	long failed = 0;
	for (int i = 0; i < 3; i++)
		fail_try(op, 0, &failed);
	fail_warm_up(&before);
	for (; n < FAIL_TRIES_MAX && fail_try(op, n, &failed); n++) {
		const char *left = objects_settle(&before, 300);
		if (*left) {
			check_fail(op->name, n, "left behind:%s", left);
			objects_read(&before);
		}
	}
	if (n == FAIL_TRIES_MAX)
		check_fail(op->name, n, "no end");
	if (getenv("FAIL_VERBOSE"))
		check_say("%s: %d allocations, %ld errors\n", op->name, n - 1, failed);
}

#define FAIL_ALL(ops)                                                    \
	do {                                                             \
		fail_open();                                             \
		for (size_t i_ = 0; i_ < sizeof(ops) / sizeof *(ops); i_++) \
			fail_all(&(ops)[i_]);                            \
	} while (0)
