/*
 * objects.h: what the kernel holds, before and after: /proc/furca/objects (name, bytes of one, how many), for tests that
 * run on Furca only. Nothing is left out of the comparison: what may grow once is warmed up by the caller.
 */
#pragma once

#include "check.h"

#define OBJECTS_BYTES 16384

struct objects {
	char text[OBJECTS_BYTES];
};

static inline void objects_read(struct objects *o)
{
	if (check_slurp("/proc/furca/objects", o->text, sizeof o->text) <= 0) {
		check_fail("objects.h", __LINE__, "/proc/furca/objects (errno %d)", errno);
		_exit(1);
	}
}

/* The numbers at the ends of name's lines (a name may be given to two), 0 when there is none: a cache that was never used has
 * no line yet. */
static inline long objects_count(const struct objects *o, const char *name, size_t length)
{
	long sum = 0;
	for (const char *line = o->text; line && *line; line = strchr(line, '\n')) {
		line += *line == '\n';
		long size, count;
		if (!strncmp(line, name, length) && line[length] == ' ' && sscanf(line + length, "%ld %ld", &size, &count) == 2)
			sum += count;
	}
	return sum;
}

/* Names and differences of what there is more or less of; the empty text: nothing. */
static inline const char *objects_difference(const struct objects *before, const struct objects *after)
{
	static char text[300];
	size_t used = 0;
	text[0] = 0;
	for (const char *line = after->text; line && *line; line = strchr(line, '\n')) {
		line += *line == '\n';
		size_t length = strcspn(line, " \n");
		long size, count;
		if (!length)
			break;
		if (sscanf(line + length, "%ld %ld", &size, &count) != 2) {
			check_fail("objects.h", __LINE__, "not a name and two numbers: %.50s", line);
			return text;
		}
		long more = objects_count(after, line, length) - objects_count(before, line, length);
		if (more && used < sizeof text - 60)
			used += snprintf(text + used, sizeof text - used, " %.*s%+ld", (int)length, line, more);
	}
	return text;
}

/* Waits a little for what ends by itself (a dead thread's stack), then says what is left over. */
static inline const char *objects_settle(const struct objects *before, long ms)
{
	static struct objects now;
	for (long end = check_now_ms() + ms;; check_sleep_ms(5)) {
		objects_read(&now);
		const char *text = objects_difference(before, &now);
		if (!*text || check_now_ms() >= end)
			return text;
	}
}

/* What there is once nothing ends by itself any more: the same twice, some time apart. On several CPUs something may still end
 * on one that the host does not run just now. */
static inline void objects_read_quiet(struct objects *o)
{
	long apart = sysconf(_SC_NPROCESSORS_ONLN) == 1 ? 5 : 50;
	for (long end = check_now_ms() + 1500; check_now_ms() < end;) {
		objects_read(o);
		check_sleep_ms(apart);
		if (!*objects_settle(o, 0))
			return;
	}
}

#define CHECK_OBJECTS(before, what)                                                               \
	do {                                                                                      \
		const char *left_ = objects_settle((before), 1500);                               \
		if (*left_)                                                                       \
			check_fail(__FILE_NAME__, __LINE__, "%s left behind:%s", (what), left_);  \
	} while (0)
