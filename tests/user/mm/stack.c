/* The stack grows by itself down to its limit, and no further; MAP_GROWSDOWN. */
#include "check.h"

__attribute__((noinline)) static long deep(long bytes)
{
	volatile char frame[4000];
	frame[0] = frame[3999] = 1;
	return bytes > 0 ? deep(bytes - 4096) + frame[0] : 0;
}

TEST(grows)
{
	IN_CHILD {
		CHECK(deep(3 << 20) > 0);
	}
	IN_CHILD {
		CHECK_OK(setrlimit(RLIMIT_STACK, &(struct rlimit){16 << 20, 16 << 20}));
		CHECK(deep(12 << 20) > 0);
	}
}

TEST(far_access_below_the_pointer)
{
	/* Since 4.x any address down to the limit will do. */
	IN_CHILD {
		volatile char here = 0, *far = &here - (1 << 20);
		*far = 1;
		CHECK_EQ(*far, 1);
	}
}

TEST(ends_at_the_limit)
{
	IN_CHILD_ENDS(KILLED(SIGSEGV)) {
		setrlimit(RLIMIT_STACK, &(struct rlimit){1 << 20, 1 << 20});
		deep(4 << 20);
	}
	IN_CHILD_ENDS(KILLED(SIGSEGV)) {
		volatile char here = 0, *far = &here - (9 << 20);
		setrlimit(RLIMIT_STACK, &(struct rlimit){8 << 20, 8 << 20});
		*far = 1;
	}
}

TEST(guard_gap)
{
	/* Growth stops well before a mapping below: 256 pages by default. */
	IN_CHILD_ENDS(KILLED(SIGSEGV)) {
		char *here = (char *)((uintptr_t)__builtin_frame_address(0) & -PAGE) - (2 << 20);
		if (mmap(here, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) != here)
			_exit(3);
		*(volatile char *)(here + 16 * PAGE) = 1;
	}
}

TEST(grown_stack_is_copied_by_fork)
{
	volatile char *far = (volatile char *)__builtin_frame_address(0) - (1 << 20);
	*far = 7;
	IN_CHILD {
		CHECK_EQ(*far, 7);
		*far = 8;
		CHECK(deep(3 << 20) > 0);
	}
	CHECK_EQ(*far, 7);
}

TEST(growsdown_mapping)
{
	char *area = mmap(0, 2000 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK_OK(munmap(area, 2000 * PAGE));
	char *at = mmap(area + 1000 * PAGE, 2 * PAGE, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_GROWSDOWN | MAP_FIXED, -1, 0);
	CHECK(at == area + 1000 * PAGE);
	at[0] = 1;
	at[-(long)PAGE] = 2;
	at[-10 * (long)PAGE] = 3;
	CHECK_EQ(at[-5 * (long)PAGE], 0);
	CHECK_EQ(at[0], 1);
}

TEST(stack_in_maps)
{
	static char text[16384];
	unsigned long begin = 0, end = 0, here = (unsigned long)__builtin_frame_address(0);
	CHECK(check_slurp("/proc/self/maps", text, sizeof text) > 0);
	char *line = strstr(text, "[stack]");
	CHECK(line != 0);
	while (line && line > text && line[-1] != '\n')
		line--;
	CHECK_EQ(sscanf(line, "%lx-%lx rw-p", &begin, &end), 2);
	CHECK(here >= begin && here < end);
	CHECK(check_field("/proc/self/status", "VmStk", 10) > 0);
}
