/* Copy-on-write over trees of processes, checked against a plain-array model. */
#include "check.h"

#define PAGES 600 /* more than one table of 512 entries */

static unsigned rng_state;

static unsigned rng(void)
{
	rng_state = rng_state * 1664525 + 1013904223;
	return rng_state >> 8;
}

static volatile int *map_pages(size_t pages)
{
	void *at = mmap(0, pages * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (at == MAP_FAILED)
		_exit(98);
	return at;
}

#define SLOT(base, page) ((base)[(page) * (PAGE / sizeof(int)) + (page) % 1000])

TEST(three_generations)
{
	volatile int *at = map_pages(3);
	SLOT(at, 0) = SLOT(at, 1) = SLOT(at, 2) = 1;
	IN_CHILD {
		SLOT(at, 0) = 2;
		IN_CHILD {
			CHECK_EQ(SLOT(at, 0), 2);
			CHECK_EQ(SLOT(at, 1), 1);
			SLOT(at, 0) = SLOT(at, 1) = 3;
			IN_CHILD {
				CHECK_EQ(SLOT(at, 0), 3);
				CHECK_EQ(SLOT(at, 2), 1);
				SLOT(at, 2) = 4;
			}
			CHECK_EQ(SLOT(at, 2), 1);
		}
		CHECK_EQ(SLOT(at, 0), 2);
		CHECK_EQ(SLOT(at, 1), 1);
	}
	CHECK_EQ(SLOT(at, 0), 1);
}

TEST(siblings_are_apart)
{
	volatile int *at = map_pages(20);
	pid_t pids[10];
	int go[2];
	char c;
	NEED_OK(pipe(go));
	for (int i = 0; i < 20; i++)
		SLOT(at, i) = 100;
	for (int i = 0; i < 10; i++) {
		pids[i] = fork();
		if (pids[i] == 0) {
			for (int j = 0; j < 20; j++)
				SLOT(at, j) += i;
			if (read(go[0], &c, 1) != 1)
				_exit(2);
			for (int j = 0; j < 20; j++)
				if (SLOT(at, j) != 100 + i)
					_exit(1);
			_exit(0);
		}
		SLOT(at, i) = 100;
	}
	CHECK_EQ(write(go[1], "xxxxxxxxxx", 10), 10);
	for (int i = 0; i < 10; i++)
		CHECK_WAIT(pids[i], EXITED(0));
	for (int i = 0; i < 20; i++)
		CHECK_EQ(SLOT(at, i), 100);
}

TEST(parent_changes_between_forks)
{
	volatile int *at = map_pages(4);
	pid_t pids[32];
	int go[2];
	NEED_OK(pipe(go));
	for (int i = 0; i < 32; i++) {
		SLOT(at, i % 4) = i;
		pids[i] = fork();
		if (pids[i] == 0) {
			char c;
			close(go[1]);
			bool good = read(go[0], &c, 1) == 0;
			for (int j = 0; j < 4; j++) {
				int last = i - (i - j) % 4;
				good &= SLOT(at, j) == (i >= j ? last : 0);
			}
			_exit(good ? 0 : 1);
		}
	}
	close(go[1]);
	for (int i = 0; i < 32; i++)
		CHECK_WAIT(pids[i], EXITED(0));
}

static void check_model(volatile int *at, const int *model, const char *who)
{
	for (int i = 0; i < PAGES; i++)
		if (SLOT(at, i) != model[i]) {
			check_fail(__FILE_NAME__, __LINE__, "%s page %d (got %d, wanted %d)", who, i, SLOT(at, i), model[i]);
			return;
		}
}

/* Every process of a random tree writes, forks, drops pages, and must at every moment read what the model says. */
static void random_walk(volatile int *at, int *model, int depth)
{
	for (int step = 0; step < 12; step++) {
		int page = rng() % PAGES, count = rng() % 40;
		switch (rng() % 4) {
		case 0:
			for (int i = page; i < page + count && i < PAGES; i++)
				SLOT(at, i) = model[i] = rng();
			break;
		case 1:
			SLOT(at, page) = model[page] = rng();
			break;
		case 2:
			if (page + count > PAGES)
				count = PAGES - page;
			if (count)
				CHECK_OK(madvise((char *)at + page * PAGE, count * PAGE, MADV_DONTNEED));
			for (int i = page; i < page + count; i++)
				model[i] = 0;
			break;
		case 3:
			if (depth < 4) {
				unsigned seed = rng();
				IN_CHILD {
					rng_state = seed;
					random_walk(at, model, depth + 1);
					check_model(at, model, "child");
				}
			}
		}
	}
	check_model(at, model, "self");
}

TEST(random_tree)
{
	static int model[PAGES];
	volatile int *at = map_pages(PAGES);
	long rounds = check_scale(6);
	for (long i = 0; i < rounds; i++) {
		rng_state = 1000 + i;
		random_walk(at, model, 0);
	}
}

/* One process after another, each the child of the one before; the older ones have gone. */
TEST(relay)
{
	volatile int *at = map_pages(PAGES);
	int result[2], value = 0;
	NEED_OK(pipe(result));
	for (int i = 0; i < PAGES; i++)
		SLOT(at, i) = i;
	pid_t first = fork();
	if (first == 0) {
		for (int round = 1; round <= 20; round++) {
			for (int i = round; i < PAGES; i += 7)
				SLOT(at, i)++;
			pid_t next = fork();
			if (next)
				_exit(next < 0);
		}
		long sum = 0, want = 0;
		for (int i = 0; i < PAGES; i++) {
			sum += SLOT(at, i);
			want += i;
			for (int round = 1; round <= 20; round++)
				want += i >= round && (i - round) % 7 == 0;
		}
		value = sum == want ? 1 : 2;
		_exit(write(result[1], &value, sizeof value) != sizeof value);
	}
	CHECK_WAIT(first, EXITED(0));
	CHECK_EQ(read(result[0], &value, sizeof value), sizeof value);
	CHECK_EQ(value, 1);
}

/* Sparse: one page in each of many upper tables. */
TEST(sparse)
{
	enum { SPOTS = 40 };
	volatile char *spots[SPOTS];
	for (int i = 0; i < SPOTS; i++) {
		void *want = (void *)(0x100000000000ul + i * (3ul << 30));
		spots[i] = mmap(want, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
		CHECK(spots[i] == want);
		spots[i][0] = i;
	}
	IN_CHILD {
		for (int i = 0; i < SPOTS; i += 2)
			spots[i][0] = 100;
		IN_CHILD {
			for (int i = 0; i < SPOTS; i++) {
				CHECK_EQ(spots[i][0], i % 2 ? i : 100);
				spots[i][0] = 50;
			}
			CHECK_OK(munmap((char *)spots[3], PAGE));
		}
		CHECK_EQ(spots[3][0], 3);
	}
	for (int i = 0; i < SPOTS; i++)
		CHECK_EQ(spots[i][0], i);
}

TEST(large_and_touched_everywhere)
{
	size_t pages = check_scale(4096);
	volatile int *at = map_pages(pages);
	for (size_t i = 0; i < pages; i++)
		SLOT(at, i) = i;
	IN_CHILD {
		for (size_t i = 0; i < pages; i += 16)
			SLOT(at, i) = -1;
		size_t bad = 0;
		for (size_t i = 0; i < pages; i++)
			bad += SLOT(at, i) != (i % 16 ? (int)i : -1);
		CHECK_EQ(bad, 0);
	}
	size_t bad = 0;
	for (size_t i = 0; i < pages; i++)
		bad += SLOT(at, i) != (int)i;
	CHECK_EQ(bad, 0);
}
