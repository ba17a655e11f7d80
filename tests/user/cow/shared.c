/* Shared mappings over fork: anonymous, a file's, /dev/shm; what one writes all see, however the tables below are shared. */
#include "check.h"
#include <sched.h>

TEST(anonymous_touched_by_nobody_before)
{
	volatile int *at = mmap(0, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	IN_CHILD {
		IN_CHILD {
			at[0] = 1;
			at[1024] = 2;
		}
		CHECK_EQ(at[0], 1);
	}
	CHECK_EQ(at[1024], 2);
	CHECK_EQ(at[2048], 0);
}

TEST(both_directions_live)
{
	volatile int *at = mmap(0, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t pid = fork();
	if (pid == 0) {
		for (int i = 0; i < 100; i++) {
			while (__atomic_load_n(&at[0], __ATOMIC_ACQUIRE) != 2 * i + 1)
				sched_yield();
			__atomic_store_n(&at[0], 2 * i + 2, __ATOMIC_RELEASE);
		}
		_exit(0);
	}
	for (int i = 0; i < 100; i++) {
		__atomic_store_n(&at[0], 2 * i + 1, __ATOMIC_RELEASE);
		while (__atomic_load_n(&at[0], __ATOMIC_ACQUIRE) != 2 * i + 2)
			sched_yield();
	}
	CHECK_WAIT(pid, EXITED(0));
	CHECK_EQ(at[0], 200);
}

TEST(neighbours_private_and_shared)
{
	char *area = mmap(0, 3 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char *middle = mmap(area + PAGE, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	CHECK(middle == area + PAGE);
	memset(area, 'p', 3 * PAGE);
	IN_CHILD {
		memset(area, 'c', 3 * PAGE);
	}
	CHECK_EQ(area[0], 'p');
	CHECK_EQ(area[PAGE], 'c');
	CHECK_EQ(area[2 * PAGE - 1], 'c');
	CHECK_EQ(area[2 * PAGE], 'p');
}

TEST(counter_of_many)
{
	int *at = mmap(0, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t pids[16];
	for (int i = 0; i < 16; i++) {
		pids[i] = fork();
		if (pids[i] == 0) {
			for (int j = 0; j < 1000; j++)
				__atomic_add_fetch(at, 1, __ATOMIC_SEQ_CST);
			_exit(0);
		}
	}
	for (int i = 0; i < 16; i++)
		CHECK_WAIT(pids[i], EXITED(0));
	CHECK_EQ(*at, 16000);
}

TEST(outlives_the_creator)
{
	int back[2];
	NEED_OK(pipe(back));
	pid_t middle = fork();
	if (middle == 0) {
		volatile int *at = mmap(0, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
		at[0] = 5;
		for (int i = 0; i < 2; i++)
			if (fork() == 0) {
				raw_sleep_ms(30 + 30 * i);
				int now = __atomic_add_fetch(&at[0], 1, __ATOMIC_SEQ_CST);
				_exit(write(back[1], &now, sizeof now) != sizeof now);
			}
		_exit(0);
	}
	CHECK_WAIT(middle, EXITED(0));
	int one = 0, two = 0;
	CHECK_EQ(read(back[0], &one, sizeof one), sizeof one);
	CHECK_EQ(read(back[0], &two, sizeof two), sizeof two);
	CHECK_EQ(one, 6);
	CHECK_EQ(two, 7);
}

TEST(dev_shm)
{
	char name[64];
	snprintf(name, sizeof name, "/furca-%d", getpid());
	int fd = NEED_OK(shm_open(name, O_RDWR | O_CREAT | O_EXCL, 0600));
	CHECK_OK(ftruncate(fd, 2 * PAGE));
	volatile char *at = mmap(0, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	IN_CHILD {
		int again = NEED_OK(shm_open(name, O_RDWR, 0));
		volatile char *other = mmap(0, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, again, PAGE);
		CHECK(other != at);
		other[0] = 'o';
		at[0] = 'c';
	}
	CHECK_EQ(at[PAGE], 'o');
	CHECK_EQ(at[0], 'c');
	CHECK_OK(shm_unlink(name));
	CHECK_ERR(shm_open(name, O_RDWR, 0), ENOENT);
	at[1] = 'x';
	CHECK_EQ(at[1], 'x');
}

TEST(read_only_shared)
{
	char *at = mmap(0, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	at[0] = 'a';
	CHECK_OK(mprotect(at, PAGE, PROT_READ));
	IN_CHILD_ENDS(KILLED(SIGSEGV)) {
		*(volatile char *)at = 'x';
	}
	IN_CHILD {
		CHECK_OK(mprotect(at, PAGE, PROT_READ | PROT_WRITE));
		at[0] = 'b';
	}
	CHECK_EQ(at[0], 'b');
	IN_CHILD_ENDS(KILLED(SIGSEGV)) {
		*(volatile char *)at = 'x';
	}
}

TEST(dontneed_keeps_shared_contents)
{
	char *at = mmap(0, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	at[0] = 'a';
	IN_CHILD {
		CHECK_OK(madvise(at, PAGE, MADV_DONTNEED));
		CHECK_EQ(at[0], 'a');
		at[1] = 'b';
	}
	CHECK_EQ(at[1], 'b');
}

TEST(unmapped_in_the_child)
{
	char *at = mmap(0, 600 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	for (int i = 0; i < 600; i++)
		at[i * PAGE] = i;
	IN_CHILD {
		CHECK_OK(munmap(at, 300 * PAGE));
		at[400 * PAGE] = 'c';
	}
	CHECK_EQ(at[10 * PAGE], 10);
	CHECK_EQ(at[400 * PAGE], 'c');
	at[10 * PAGE] = 'p';
	IN_CHILD {
		CHECK_EQ(at[10 * PAGE], 'p');
	}
}

/* A page once copied in a private file mapping is private for good, beside a shared view of the same file. */
TEST(private_and_shared_views)
{
	check_scratch();
	int fd = NEED_OK(open("f", O_RDWR | O_CREAT, 0644));
	CHECK_OK(ftruncate(fd, PAGE));
	volatile char *shared = mmap(0, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	volatile char *private = mmap(0, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	shared[0] = 's';
	CHECK_EQ(private[0], 's');
	IN_CHILD {
		private[0] = 'p';
		CHECK_EQ(shared[0], 's');
		shared[0] = 't';
		CHECK_EQ(private[0], 'p');
	}
	CHECK_EQ(private[0], 't');
	CHECK_EQ(shared[0], 't');
}
