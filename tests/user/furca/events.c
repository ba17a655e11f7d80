/* /proc/furca/events: what processes did last, in order, with the numbers and codes of those who did it. */
#include "check.h"
#include <sys/wait.h>

static char text[1 << 20];

static void read_events(void)
{
	size_t n = 0;
	ssize_t got;
	int fd = open("/proc/furca/events", O_RDONLY);
	CHECK(fd >= 0);
	while ((got = read(fd, text + n, sizeof text - 1 - n)) > 0)
		n += (size_t)got;
	text[n] = 0;
	close(fd);
}

/* Is there a line "... KIND TASK REST"? Where, or NULL. */
static char *find(const char *kind, int task, const char *rest)
{
	char want[100];
	snprintf(want, sizeof want, " %s %d %s", kind, task, rest);
	return strstr(text, want);
}

/* Somebody, on some CPU, gave way to it. */
static bool was_switched_to(int task)
{
	char rest[40];
	snprintf(rest, sizeof rest, " to %d ", task);
	for (char *at = text; (at = strstr(at, " switch ")); at++) {
		char *found = strstr(at, rest), *end = strchr(at, '\n');
		if (found && end && found < end)
			return true;
	}
	return false;
}

TEST(a_childs_life_is_told)
{
	char rest[60];
	pid_t me = getpid(), p = fork();
	if (!p)
		_exit(7);
	int status;
	CHECK_EQ(waitpid(p, &status, 0), p);
	read_events();
	snprintf(rest, sizeof rest, "child %d flags ", p);
	char *born = find("clone", me, rest), *died = find("exit", p, "code 700\n");
	snprintf(rest, sizeof rest, "child %d code 700\n", p);
	char *reaped = find("reap", me, rest);
	CHECK(born && died && reaped && born < died && died < reaped);
	CHECK(was_switched_to(p));
	CHECK(find("cow", me, "page ") || find("cow", p, "page "));
	CHECK(find("unshare", me, "table ") || find("unshare", p, "table "));
}

TEST(an_orphan_and_a_program)
{
	char rest[60];
	int out[2];
	pid_t orphan;
	CHECK_EQ(pipe(out), 0);
	pid_t p = fork();
	if (!p) {
		orphan = fork();
		if (!orphan) {
			while (getppid() == getpgrp())
				usleep(1000);
			execl("/proc/self/exe", "events", "@say", NULL);
			_exit(1);
		}
		if (write(out[1], &orphan, sizeof orphan) != sizeof orphan)
			_exit(1);
		_exit(0);
	}
	CHECK_EQ(read(out[0], &orphan, sizeof orphan), (ssize_t)sizeof orphan);
	CHECK_EQ(waitpid(p, 0, 0), p);
	read_events();
	snprintf(rest, sizeof rest, "child %d of ", orphan);
	CHECK(find("reparent", p, rest));
	for (int tries = 0; !find("exec", orphan, "program exe\n") && tries < 500; tries++) {
		usleep(10000);
		read_events();
	}
	CHECK(find("exec", orphan, "program exe\n"));
}

HELPER(say)
{
	return 0;
}

TEST(times_do_not_go_back)
{
	double last = 0, now;
	unsigned lines = 0;
	read_events();
	for (char *line = text; *line; line = strchr(line, '\n') + 1, lines++) {
		CHECK_EQ(sscanf(line, "%lf", &now), 1);
		CHECK(now >= last);
		last = now;
	}
	CHECK(lines > 20);
}
