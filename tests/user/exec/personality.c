/* personality(2): the bits that change what a program gets; kept over fork and exec. */
#include "../check.h"
#include <sys/personality.h>
#include <sys/utsname.h>

#define SAME 0xffffffff

static void exec_with(unsigned long persona, const char *helper)
{
	IN_CHILD {
		CHECK_OK(personality(persona));
		execl(check_self, check_self, helper, NULL);
		CHECK(!"exec");
	}
}

/* The region of /proc/self/maps that addr is in. */
static bool region_of(unsigned long addr, unsigned long *start, char perms[5])
{
	static char text[65536];
	unsigned long end;
	if (check_slurp("/proc/self/maps", text, sizeof text) < 0)
		return false;
	for (char *line = text; line && *line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (sscanf(line, "%lx-%lx %4s", start, &end, perms) == 3 && addr >= *start && addr < end)
			return true;
	}
	return false;
}

TEST(set_and_get)
{
	unsigned long was = personality(SAME);
	CHECK_EQ(personality(SAME), was);
	CHECK_EQ(personality(ADDR_NO_RANDOMIZE | 5), was);
	CHECK_EQ(personality(SAME), ADDR_NO_RANDOMIZE | 5);
	IN_CHILD {
		CHECK_EQ(personality(SAME), ADDR_NO_RANDOMIZE | 5);
		personality(0);
	}
	CHECK_EQ(personality(SAME), ADDR_NO_RANDOMIZE | 5);
	CHECK_EQ(check_field("/proc/self/status", "Pid", 10), getpid());
}

HELPER(keeps)
{
	CHECK_EQ(personality(SAME), ADDR_NO_RANDOMIZE | WHOLE_SECONDS);
	return check_failed != 0;
}

TEST(exec_keeps_it)
{
	exec_with(ADDR_NO_RANDOMIZE | WHOLE_SECONDS, "@keeps");
}

HELPER(says_where)
{
	char text[64];
	unsigned long here = (unsigned long)__builtin_frame_address(0), brk = (unsigned long)sbrk(0);
	unsigned long map = (unsigned long)mmap(0, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int n = snprintf(text, sizeof text, "%lx %lx %lx", here & ~0xffful, brk, map);
	return write(90, text, n) != n;
}

TEST(without_randomness_places_are_the_same)
{
	char first[64] = "", next[64] = "";
	for (int i = 0; i < 3; i++) {
		int ends[2];
		NEED_OK(pipe(ends));
		NEED_OK(dup2(ends[1], 90));
		exec_with(ADDR_NO_RANDOMIZE, "@says_where");
		int n = read(ends[0], i ? next : first, 63);
		CHECK(n > 0);
		if (i)
			CHECK_STR(next, first);
		close(ends[0]);
		close(ends[1]);
	}
}

HELPER(maps_upwards)
{
	char *a = mmap(0, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char *b = mmap(0, 16 * PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK((unsigned long)a < 0x600000000000);
	CHECK(a < b);
	if (fork() == 0) {
		char *c = mmap(0, 16 * PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		_exit(!(b < c && (unsigned long)c < 0x600000000000));
	}
	int status = -1;
	wait(&status);
	CHECK_EQ(status, 0);
	return check_failed != 0;
}

TEST(the_old_layout_goes_up)
{
	exec_with(ADDR_COMPAT_LAYOUT, "@maps_upwards");
	char *a = mmap(0, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char *b = mmap(0, 16 * PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK((unsigned long)a > 0x600000000000 && b < a);
}

HELPER(has_page_zero)
{
	unsigned long start;
	char perms[5];
	CHECK(region_of(0, &start, perms));
	CHECK_EQ(start, 0);
	CHECK_STR(perms, "r-xp");
	return check_failed != 0;
}

HELPER(has_no_page_zero)
{
	unsigned long start;
	char perms[5];
	return region_of(0, &start, perms);
}

TEST(page_zero)
{
	exec_with(MMAP_PAGE_ZERO, "@has_page_zero");
	exec_with(0, "@has_no_page_zero");
	CHECK_OK(setuid(12345)); /* below /proc/sys/vm/mmap_min_addr: only for the privileged, and no error */
	exec_with(MMAP_PAGE_ZERO, "@has_no_page_zero");
}

TEST(reading_is_executing)
{
	unsigned long start;
	char perms[5];
	personality(READ_IMPLIES_EXEC);
	void *at = mmap(0, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK(region_of((unsigned long)at, &start, perms));
	CHECK_STR(perms, "rwxp");
	CHECK_OK(mprotect(at, PAGE, PROT_READ));
	CHECK(region_of((unsigned long)at, &start, perms));
	CHECK_STR(perms, "r-xp");
}

TEST(an_old_release)
{
	struct utsname name;
	personality(UNAME26);
	CHECK_OK(uname(&name));
	CHECK(!strncmp(name.release, "2.6.", 4));
	CHECK(atoi(name.release + 4) >= 60);
	CHECK(strlen(name.release) < 6 || name.release[6] != '.');
	CHECK_STR(name.machine, "x86_64");
	personality(PER_LINUX32);
	CHECK_OK(uname(&name));
	CHECK_STR(name.machine, "i686");
	CHECK(strncmp(name.release, "2.6.", 4));
}

static void nothing(int sig)
{
}

TEST(timeouts_stay)
{
	struct timeval tv = {0, 20000};
	struct timespec ts = {0, 20000000};
	CHECK_EQ(syscall(SYS_select, 0, 0, 0, 0, &tv), 0);
	CHECK_EQ(tv.tv_usec, 0);
	CHECK_EQ(syscall(SYS_ppoll, 0, 0, &ts, 0, 8), 0);
	CHECK_EQ(ts.tv_nsec, 0);
	personality(STICKY_TIMEOUTS);
	tv.tv_usec = 20000;
	ts.tv_nsec = 20000000;
	CHECK_EQ(syscall(SYS_select, 0, 0, 0, 0, &tv), 0);
	CHECK_EQ(tv.tv_usec, 20000);
	CHECK_EQ(syscall(SYS_ppoll, 0, 0, &ts, 0, 8), 0);
	CHECK_EQ(ts.tv_nsec, 20000000);
	CHECK_EQ(syscall(SYS_pselect6, 0, 0, 0, 0, &ts, 0), 0);
	CHECK_EQ(ts.tv_nsec, 20000000);
	struct sigaction act = {.sa_handler = nothing, .sa_flags = SA_RESTART};
	sigaction(SIGALRM, &act, 0);
	setitimer(ITIMER_REAL, &(struct itimerval){.it_value.tv_usec = 20000}, 0);
	tv.tv_sec = 5;
	CHECK_ERR(syscall(SYS_select, 0, 0, 0, 0, &tv), EINTR);
	CHECK_EQ(tv.tv_sec, 5);
}
