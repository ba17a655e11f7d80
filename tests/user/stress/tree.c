/*
 * tree.c: processes and threads fork, write tagged values, verify, unmap, protect, exec, kill and exit at random, and every
 * byte is checked against what its owner wrote. It is made for page tables that many processes share and un-share on many
 * CPUs at once; it runs on Linux as well.
 *
 * Each thread owns the pages of its own arenas. Before it fills a page with a new tag it notes the tag as `next`, after it
 * as `now`; so in a child, which gets a snapshot from the middle of other threads' work, each page must hold a prefix
 * of `next` and then `now`, and what its own thread wrote must be whole. The notes are memory like the pages: what fork
 * copies late or twice shows as a difference between the two.
 *
 *   tree [SECONDS [SEED]]     SECONDS: default FURCA_STRESS_SECONDS, else 3
 *   tree @exec TAG            what it execs itself as
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PAGE 4096ul
#define WORDS (PAGE / 8)
#define THREADS 3
#define ROOTS 4			/* processes that start */
#define PROCESSES_MAX 24	/* alive at once, about */
#define ARENAS 4		/* of a thread, far from each other: each has leaf tables of its own */
#define ARENA_PAGES 24
#define CHILDREN 3		/* of a thread at once */
#define GENERATIONS_MAX 12

struct shared {
	uint64_t last_tag;
	int processes, must_stop, has_failed;
	uint64_t forks, execs, kills, fills;
	uint64_t ends_at;	/* seconds, monotonic */
};
struct note { uint64_t now, next; };
struct thread {
	unsigned number;
	uint64_t random;
	pid_t children[CHILDREN];
	int is_doomed[CHILDREN];	/* it gets a SIGKILL before it is waited for */
};

static struct shared *shared;
static char *arenas[THREADS][ARENAS];
static struct note (*notes)[ARENAS][ARENA_PAGES];	/* by thread; mapped, like the pages */
static struct thread threads[THREADS];
static int process_ends, generation, zero_fd;
static const char *self;

__attribute__((format(printf, 1, 2), noreturn)) static void fail(const char *format, ...)
{
	char line[400];
	va_list list;
	int n = snprintf(line, sizeof line, "not ok: stress/tree: process %d: ", getpid());

	va_start(list, format);
	n += vsnprintf(line + n, sizeof line - n - 1, format, list);
	va_end(list);
	line[n++] = '\n';
	if (write(1, line, n) < 0)
		_exit(2);
	__atomic_store_n(&shared->has_failed, 1, __ATOMIC_SEQ_CST);
	_exit(1);
}

static uint64_t next_random(struct thread *t)
{
	t->random ^= t->random << 13;
	t->random ^= t->random >> 7;
	t->random ^= t->random << 17;
	return t->random;
}

static unsigned below(struct thread *t, unsigned n) { return (next_random(t) >> 20) % n; }
static uint64_t new_tag(void) { return __atomic_add_fetch(&shared->last_tag, 1, __ATOMIC_RELAXED); }
static volatile uint64_t *words_of(unsigned thread, unsigned arena, unsigned page)
{
	return (volatile uint64_t *)(arenas[thread][arena] + page * PAGE);
}

static uint64_t seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec;
}

static int is_over(void)
{
	return __atomic_load_n(&shared->has_failed, __ATOMIC_RELAXED) || seconds() >= shared->ends_at;
}

static void check_page(unsigned thread, unsigned arena, unsigned page)
{
	const struct note *n = &notes[thread][arena][page];
	volatile uint64_t *w = words_of(thread, arena, page);
	unsigned i = 0;

	while (i < WORDS && n->next != n->now && w[i] == n->next)
		i++;
	for (; i < WORDS; i++) {
		if (w[i] != n->now)
			fail("thread %u arena %u page %u word %u is %#lx, wanted %#lx (next %#lx), generation %d", thread,
			     arena, page, i, (long)w[i], (long)n->now, (long)n->next, generation);
	}
}

static void fill_page(struct thread *t, unsigned arena, unsigned page)
{
	struct note *n = &notes[t->number][arena][page];
	volatile uint64_t *w = words_of(t->number, arena, page);
	uint64_t tag = new_tag();

	__atomic_store_n(&n->next, tag, __ATOMIC_SEQ_CST);
	for (unsigned i = 0; i < WORDS; i++)
		w[i] = tag;
	__atomic_store_n(&n->now, tag, __ATOMIC_SEQ_CST);
	__atomic_fetch_add(&shared->fills, 1, __ATOMIC_RELAXED);
}

/* From here on the page reads as zeroes. In between it holds one or the other, which a fork of another thread may catch:
 * zero is noted as `next`, and the change of a page is atomic. */
static void empty_pages(struct thread *t, unsigned arena, unsigned page, unsigned count)
{
	char *at = arenas[t->number][arena] + page * PAGE;
	unsigned how = below(t, 4);

	for (unsigned i = page; i < page + count; i++)
		__atomic_store_n(&notes[t->number][arena][i].next, 0, __ATOMIC_SEQ_CST);
	if (how == 0) {
		if (madvise(at, count * PAGE, MADV_DONTNEED))
			fail("madvise: %s", strerror(errno));
	} else if (how == 1) {
		if (read(zero_fd, at, count * PAGE) != (ssize_t)(count * PAGE))
			fail("read of zeroes: %s", strerror(errno));
	} else if (mmap(at, count * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != at) {
		fail("mmap: %s", strerror(errno));
	}
	for (unsigned i = page; i < page + count; i++)
		__atomic_store_n(&notes[t->number][arena][i].now, 0, __ATOMIC_SEQ_CST);
}

static void protect_pages(struct thread *t, unsigned arena, unsigned page, unsigned count)
{
	char *at = arenas[t->number][arena] + page * PAGE;

	if (mprotect(at, count * PAGE, PROT_READ))
		fail("mprotect: %s", strerror(errno));
	for (unsigned i = page; i < page + count; i++)
		check_page(t->number, arena, i);
	if (mprotect(at, count * PAGE, PROT_READ | PROT_WRITE))
		fail("mprotect back: %s", strerror(errno));
}

static void check_all(void)
{
	for (unsigned thread = 0; thread < THREADS; thread++)
		for (unsigned arena = 0; arena < ARENAS; arena++)
			for (unsigned page = 0; page < ARENA_PAGES; page++)
				check_page(thread, arena, page);
}

/* In a child: what fork caught half way becomes whole. */
static void settle_notes(void)
{
	for (unsigned thread = 0; thread < THREADS; thread++) {
		for (unsigned arena = 0; arena < ARENAS; arena++) {
			if (mprotect(arenas[thread][arena], ARENA_PAGES * PAGE, PROT_READ | PROT_WRITE))
				fail("mprotect of a child: %s", strerror(errno));
			for (unsigned page = 0; page < ARENA_PAGES; page++) {
				struct note *n = &notes[thread][arena][page];
				volatile uint64_t *w = words_of(thread, arena, page);

				for (unsigned i = 0; n->next != n->now && i < WORDS; i++)
					w[i] = n->next;
				n->now = n->next;
			}
		}
	}
}

static void reap(struct thread *t, unsigned slot)
{
	int status, kill_it = t->is_doomed[slot];
	pid_t pid = t->children[slot];

	if (kill_it && kill(pid, SIGKILL) == 0)
		__atomic_fetch_add(&shared->kills, 1, __ATOMIC_RELAXED);
	while (waitpid(pid, &status, 0) != pid) {
		if (errno != EINTR)
			fail("waitpid of %d: %s", pid, strerror(errno));
	}
	if (kill_it && WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)
		__atomic_fetch_sub(&shared->processes, 1, __ATOMIC_RELAXED);	/* it did not say good-bye itself */
	else if (status)
		fail("child %d ended with status %#x", pid, status);
	t->children[slot] = 0;
}

static void process_run(struct thread *me, unsigned steps);

static void child_main(struct thread *t, uint64_t seed)
{
	generation++;
	process_ends = 0;
	for (unsigned i = 0; i < THREADS; i++)
		memset(threads[i].children, 0, sizeof threads[i].children);
	check_all();
	settle_notes();
	for (unsigned i = 0; i < THREADS; i++)
		threads[i].random = seed * (i + 1) | 1;
	process_run(t, below(t, 60));
	check_all();
	__atomic_fetch_sub(&shared->processes, 1, __ATOMIC_SEQ_CST);
	_exit(0);
}

static void exec_self(struct thread *t)
{
	char tag[32];
	char *argv[] = { (char *)self, "@exec", tag, NULL }, *envp[] = { NULL };
	pid_t pid;
	int status;

	snprintf(tag, sizeof tag, "%lu", (unsigned long)next_random(t));
	pid = below(t, 2) ? vfork() : fork();
	if (pid == 0) {
		execve(self, argv, envp);
		_exit(3);
	}
	if (pid < 0)
		return;
	while (waitpid(pid, &status, 0) != pid) {
		if (errno != EINTR)
			fail("waitpid of %d: %s", pid, strerror(errno));
	}
	if (status)
		fail("exec ended with status %#x", status);
	__atomic_fetch_add(&shared->execs, 1, __ATOMIC_RELAXED);
}

static void fork_child(struct thread *t, unsigned slot)
{
	uint64_t seed = next_random(t) | 1;
	pid_t pid;

	if (generation >= GENERATIONS_MAX)
		return;
	if (__atomic_add_fetch(&shared->processes, 1, __ATOMIC_SEQ_CST) > PROCESSES_MAX) {
		__atomic_fetch_sub(&shared->processes, 1, __ATOMIC_SEQ_CST);
		return;
	}
	pid = fork();
	if (pid == 0)
		child_main(t, seed);
	if (pid < 0) {
		__atomic_fetch_sub(&shared->processes, 1, __ATOMIC_SEQ_CST);
		return;
	}
	__atomic_fetch_add(&shared->forks, 1, __ATOMIC_RELAXED);
	t->children[slot] = pid;
	t->is_doomed[slot] = below(t, 5) == 0;
}

static void step(struct thread *t)
{
	unsigned arena = below(t, ARENAS), page = below(t, ARENA_PAGES), slot = below(t, CHILDREN);
	unsigned count = 1 + below(t, ARENA_PAGES - page), what = below(t, 100);

	if (what < 50)
		fill_page(t, arena, page);
	else if (what < 65)
		check_page(t->number, arena, page);
	else if (what < 75)
		empty_pages(t, arena, page, count);
	else if (what < 83)
		protect_pages(t, arena, page, count);
	else if (what < 84)
		exec_self(t);
	else if (what < 86)
		sched_yield();
	else if (t->children[slot])
		reap(t, slot);
	else
		fork_child(t, slot);
}

static void thread_run(struct thread *t, unsigned steps)
{
	for (unsigned i = 0; (!steps || i < steps) && !__atomic_load_n(&process_ends, __ATOMIC_RELAXED) && !is_over(); i++)
		step(t);
	for (unsigned i = 0; i < CHILDREN; i++) {
		if (t->children[i])
			reap(t, i);
	}
}

static void *thread_main(void *arg)
{
	thread_run(arg, 0);
	return NULL;
}

/* A process's life, in the thread that forked it: it starts the others, works, and waits for them. 0 steps: to the end. */
static void process_run(struct thread *me, unsigned steps)
{
	pthread_t others[THREADS];
	pthread_attr_t attr;
	int is_started[THREADS] = { 0 };

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 128 << 10);
	for (unsigned i = 0; i < THREADS; i++) {
		if (&threads[i] != me)
			is_started[i] = pthread_create(&others[i], &attr, thread_main, &threads[i]) == 0;
	}
	thread_run(me, steps);
	__atomic_store_n(&process_ends, 1, __ATOMIC_SEQ_CST);
	for (unsigned i = 0; i < THREADS; i++) {
		if (is_started[i])
			pthread_join(others[i], NULL);
	}
}

static char *map_at(uintptr_t where, size_t size, int flags)
{
	char *p = mmap((void *)where, size, PROT_READ | PROT_WRITE, flags | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED) {
		perror("mmap");
		exit(2);
	}
	return p;
}

/* Some arenas lie side by side in one leaf table, some cross into the next, some are a GiB apart. */
static void map_arenas(void)
{
	for (uintptr_t thread = 0; thread < THREADS; thread++) {
		arenas[thread][0] = map_at(0x10000000000 + thread * ARENA_PAGES * PAGE, ARENA_PAGES * PAGE, MAP_PRIVATE);
		arenas[thread][1] = map_at(0x10040000000 + (thread << 21) - 12 * PAGE, ARENA_PAGES * PAGE, MAP_PRIVATE);
		arenas[thread][2] = map_at(0x10100000000 + (thread << 30), ARENA_PAGES * PAGE, MAP_PRIVATE);
		arenas[thread][3] = map_at(0x20000000000 + (thread << 39) - 5 * PAGE, ARENA_PAGES * PAGE, MAP_PRIVATE);
	}
	notes = (void *)map_at(0x10080000000, THREADS * sizeof(*notes), MAP_PRIVATE);
}

static void root_main(uint64_t seed)
{
	for (unsigned i = 0; i < THREADS; i++)
		threads[i].random = seed * (2 * i + 3) | 1;
	process_run(&threads[0], 0);
	check_all();
	_exit(0);
}

int main(int argc, char **argv)
{
	const char *wanted = getenv("FURCA_STRESS_SECONDS");
	pid_t roots[ROOTS];
	int status = 0, has_failed;

	if (argc == 3 && !strcmp(argv[1], "@exec"))
		return argv[2][0] == 0;
	self = "/proc/self/exe";
	uint64_t length = argc > 1 ? strtoul(argv[1], NULL, 10) : wanted ? strtoul(wanted, NULL, 10) : 3;
	uint64_t seed = argc > 2 ? strtoul(argv[2], NULL, 10) : (uint64_t)time(NULL);
	shared = (void *)map_at(0, sizeof(*shared), MAP_SHARED);
	shared->ends_at = seconds() + length;
	zero_fd = open("/dev/zero", O_RDONLY);
	map_arenas();
	for (unsigned i = 0; i < THREADS; i++)
		threads[i].number = i;
	for (unsigned i = 0; i < ROOTS; i++) {
		shared->processes++;
		roots[i] = fork();
		if (roots[i] == 0)
			root_main((seed + 1) * 0x9e3779b97f4a7c15 + i * 0x1234567);
	}
	has_failed = 0;
	for (unsigned i = 0; i < ROOTS; i++) {
		if (roots[i] < 0 || waitpid(roots[i], &status, 0) != roots[i] || status)
			has_failed = 1;
	}
	printf("stress/tree: seed %lu: %lu forks, %lu execs, %lu killed, %lu pages filled\n", (long)seed, (long)shared->forks,
	       (long)shared->execs, (long)shared->kills, (long)shared->fills);
	return has_failed || shared->has_failed;
}
