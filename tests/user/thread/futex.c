/* futex(2): WAIT, WAKE, BITSET, REQUEUE, CMP_REQUEUE, WAKE_OP, private and shared; robust lists. */
#include "clone.h"
#include <linux/futex.h>
#include <pthread.h>
#include <stddef.h>

static int *words;

static void make(void)
{
	words = mmap(0, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
}

/* A process that waits on a word and ends with what futex said. */
static pid_t waiter(int *word, int op, int value, unsigned bits)
{
	struct timespec limit = {5, 0};
	pid_t pid = fork();
	if (pid == 0) {
		if (op == FUTEX_WAIT_BITSET) {
			struct timespec now;
			clock_gettime(CLOCK_MONOTONIC, &now);
			limit.tv_sec += now.tv_sec;
		}
		long got = futex_call(word, op, value, &limit, 0, bits);
		_exit(got < 0 ? -got : 0);
	}
	CHECK_SOON(check_state(pid) == 'S');
	return pid;
}

TEST(values)
{
	make();
	CHECK_EQ(futex_call(words, FUTEX_WAIT, 1, 0, 0, 0), -EAGAIN);
	CHECK_EQ(futex_call(words, FUTEX_WAKE, 1, 0, 0, 0), 0);
	struct timespec limit = {0, 30000000};
	long begin = check_now_ms();
	CHECK_EQ(futex_call(words, FUTEX_WAIT, 0, &limit, 0, 0), -ETIMEDOUT);
	CHECK(check_now_ms() - begin >= 30);
}

TEST(errors)
{
	make();
	struct timespec bad = {0, 1000000000}, negative = {-1, 0};
	CHECK_EQ(futex_call((int *)8, FUTEX_WAIT, 0, 0, 0, 0), -EFAULT);
	CHECK_EQ(futex_call((int *)((char *)words + 1), FUTEX_WAIT, 0, 0, 0, 0), -EINVAL);
	CHECK_EQ(futex_call((int *)((char *)words + 2), FUTEX_WAKE, 0, 0, 0, 0), -EINVAL);
	CHECK_EQ(futex_call(words, FUTEX_WAIT, 0, &bad, 0, 0), -EINVAL);
	CHECK_EQ(futex_call(words, FUTEX_WAIT, 0, &negative, 0, 0), -EINVAL);
	CHECK_EQ(futex_call(words, FUTEX_WAIT, 0, (void *)8, 0, 0), -EFAULT);
	CHECK_EQ(futex_call(words, FUTEX_WAIT_BITSET, 0, 0, 0, 0), -EINVAL);
	CHECK_EQ(futex_call(words, 99, 0, 0, 0, 0), -ENOSYS);
	CHECK_EQ(futex_call(words, FUTEX_REQUEUE, -1, 0, words + 1, 0), -EINVAL);
}

TEST(wake_counts)
{
	pid_t pids[5];
	make();
	for (int i = 0; i < 5; i++)
		pids[i] = waiter(words, FUTEX_WAIT, 0, 0);
	CHECK_EQ(futex_call(words, FUTEX_WAKE, 2, 0, 0, 0), 2);
	CHECK_EQ(futex_call(words, FUTEX_WAKE, 100, 0, 0, 0), 3);
	CHECK_EQ(futex_call(words, FUTEX_WAKE, 100, 0, 0, 0), 0);
	for (int i = 0; i < 5; i++)
		CHECK_WAIT(pids[i], EXITED(0));
}

TEST(first_come_first_woken)
{
	pid_t pids[3];
	make();
	for (int i = 0; i < 3; i++)
		pids[i] = waiter(words, FUTEX_WAIT, 0, 0);
	for (int i = 0; i < 3; i++) {
		CHECK_EQ(futex_call(words, FUTEX_WAKE, 1, 0, 0, 0), 1);
		CHECK_EQ(wait(0), pids[i]);
	}
}

TEST(bitsets)
{
	make();
	pid_t one = waiter(words, FUTEX_WAIT_BITSET, 0, 1), two = waiter(words, FUTEX_WAIT_BITSET, 0, 2);
	CHECK_EQ(futex_call(words, FUTEX_WAKE_BITSET, 10, 0, 0, 4), 0);
	CHECK_EQ(futex_call(words, FUTEX_WAKE_BITSET, 10, 0, 0, 2), 1);
	CHECK_WAIT(two, EXITED(0));
	CHECK_EQ(futex_call(words, FUTEX_WAKE, 10, 0, 0, 0), 1);
	CHECK_WAIT(one, EXITED(0));
	/* The limit is a moment, not a span. */
	struct timespec past = {0, 1};
	CHECK_EQ(futex_call(words, FUTEX_WAIT_BITSET, 0, &past, 0, 1), -ETIMEDOUT);
	CHECK_EQ(futex_call(words, FUTEX_WAIT_BITSET | FUTEX_CLOCK_REALTIME, 0, &past, 0, 1), -ETIMEDOUT);
}

TEST(requeue)
{
	pid_t pids[4];
	make();
	for (int i = 0; i < 4; i++)
		pids[i] = waiter(words, FUTEX_WAIT, 0, 0);
	CHECK_EQ(RAW(SYS_futex, words, FUTEX_CMP_REQUEUE, 1, 2, words + 1, 7), -EAGAIN);
	CHECK_EQ(RAW(SYS_futex, words, FUTEX_CMP_REQUEUE, 1, 2, words + 1, 0), 3);
	CHECK_EQ(futex_call(words + 1, FUTEX_WAKE, 10, 0, 0, 0), 2);
	CHECK_EQ(futex_call(words, FUTEX_WAKE, 10, 0, 0, 0), 1);
	for (int i = 0; i < 4; i++)
		CHECK_WAIT(pids[i], EXITED(0));
	pid_t pid = waiter(words, FUTEX_WAIT, 0, 0);
	CHECK_EQ(RAW(SYS_futex, words, FUTEX_REQUEUE, 0, 10, words + 1), 1);
	CHECK_EQ(futex_call(words + 1, FUTEX_WAKE, 10, 0, 0, 0), 1);
	CHECK_WAIT(pid, EXITED(0));
}

TEST(wake_op)
{
	make();
	pid_t one = waiter(words, FUTEX_WAIT, 0, 0), two = waiter(words + 1, FUTEX_WAIT, 0, 0);
	CHECK_EQ(RAW(SYS_futex, words, FUTEX_WAKE_OP, 1, 1, words + 1, FUTEX_OP(FUTEX_OP_ADD, 5, FUTEX_OP_CMP_EQ, 0)), 2);
	CHECK_EQ(words[1], 5);
	CHECK_WAIT(one, EXITED(0));
	CHECK_WAIT(two, EXITED(0));
	CHECK_EQ(RAW(SYS_futex, words, FUTEX_WAKE_OP, 1, 1, words + 1, FUTEX_OP(FUTEX_OP_SET, 9, FUTEX_OP_CMP_GT, 7)), 0);
	CHECK_EQ(words[1], 9);
}

/* A shared futex is known by what it lies on: two mappings of one file page are one futex. */
TEST(two_mappings_of_one_page)
{
	check_scratch();
	int fd = NEED_OK(open("f", O_RDWR | O_CREAT, 0644));
	CHECK_OK(ftruncate(fd, PAGE));
	int *a = mmap(0, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	int *b = mmap(0, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	pid_t pid = waiter(a, FUTEX_WAIT, 0, 0);
	CHECK_EQ(futex_call(b, FUTEX_WAKE_PRIVATE, 1, 0, 0, 0), 0);
	CHECK_EQ(futex_call(b, FUTEX_WAKE, 1, 0, 0, 0), 1);
	CHECK_WAIT(pid, EXITED(0));
}

/* A private page after fork: the same address, another futex, written or not. */
TEST(private_memory_after_fork)
{
	int *word = mmap(0, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	*word = 1;
	pid_t pid = fork();
	if (pid == 0) {
		futex_call(word, FUTEX_WAIT, 1, 0, 0, 0);
		_exit(1);
	}
	CHECK_SOON(check_state(pid) == 'S');
	CHECK_EQ(futex_call(word, FUTEX_WAKE, 1, 0, 0, 0), 0);
	kill(pid, SIGKILL);
	CHECK_WAIT(pid, KILLED(SIGKILL));
}

static int thread_word;

static void *wakes_later(void *arg)
{
	check_sleep_ms(20);
	thread_word = 1;
	futex_call(&thread_word, FUTEX_WAKE_PRIVATE, 1, 0, 0, 0);
	return 0;
}

TEST(waiting_thread_while_the_process_forks)
{
	/* The page of the word is copied by a write after the fork; the waiter must still be found. */
	pthread_t t;
	pthread_create(&t, 0, wakes_later, 0);
	pid_t pid = check_sleeper();
	while (__atomic_load_n(&thread_word, __ATOMIC_SEQ_CST) == 0)
		futex_call(&thread_word, FUTEX_WAIT_PRIVATE, 0, 0, 0, 0);
	CHECK_EQ(thread_word, 1);
	pthread_join(t, 0);
	check_reap(pid);
}

TEST(robust_list)
{
	struct head {
		void *list;
		long offset;
		void *pending;
	};
	struct lock {
		struct lock *next;
		int word;
	};
	make();
	struct shared {
		struct head head;
		struct lock a, b;
	} *s = (void *)(words + 16);
	pid_t pid = fork();
	if (pid == 0) {
		int me = RAW(SYS_gettid);
		s->a.word = me;
		s->b.word = me | (int)FUTEX_WAITERS;
		s->a.next = &s->b;
		s->b.next = (void *)&s->head;
		s->head = (struct head){&s->a, offsetof(struct lock, word), 0};
		if (RAW(SYS_set_robust_list, &s->head, sizeof s->head))
			_exit(2);
		raise(SIGKILL);
	}
	CHECK_WAIT(pid, KILLED(SIGKILL));
	CHECK_EQ((unsigned)s->a.word, FUTEX_OWNER_DIED);
	CHECK_EQ((unsigned)s->b.word, FUTEX_OWNER_DIED | FUTEX_WAITERS);
	CHECK_EQ(RAW(SYS_set_robust_list, &s->head, 8), -EINVAL);
	void *head = 0;
	size_t size = 0;
	CHECK_EQ(RAW(SYS_set_robust_list, &s->head, sizeof s->head), 0);
	CHECK_EQ(RAW(SYS_get_robust_list, 0, &head, &size), 0);
	CHECK(head == &s->head && size == sizeof s->head);
	/* Not inherited. By the raw call, because a C library's fork sets its own. */
	long child = RAW(SYS_fork);
	if (child == 0) {
		RAW(SYS_get_robust_list, 0, &head, &size);
		RAW(SYS_exit_group, head ? 1 : 0);
	}
	CHECK_WAIT(child, EXITED(0));
	CHECK_EQ(RAW(SYS_set_robust_list, 0, sizeof s->head), 0);
}

TEST(owner_died_wakes_a_waiter)
{
	struct {
		void *list;
		long offset;
		void *pending;
	} *head;
	make();
	head = (void *)(words + 16);
	struct {
		void *next;
		int word;
	} *lock = (void *)(words + 32);
	pid_t owner = fork();
	if (owner == 0) {
		lock->word = RAW(SYS_gettid) | (int)FUTEX_WAITERS;
		lock->next = head;
		head->list = lock;
		head->offset = 8;
		RAW(SYS_set_robust_list, head, 24);
		words[0] = 1;
		check_sleep_ms(60);
		_exit(0);
	}
	CHECK_SOON(words[0] == 1);
	struct timespec limit = {5, 0};
	CHECK_EQ(futex_call(&lock->word, FUTEX_WAIT, owner | (int)FUTEX_WAITERS, &limit, 0, 0), 0);
	CHECK_EQ(lock->word & (int)FUTEX_OWNER_DIED, (int)FUTEX_OWNER_DIED);
	CHECK_WAIT(owner, EXITED(0));
}
