/* pid/pid_test.c: numbers rise and wrap, none is given twice or early, a full namespace says so, levels agree. */
#include "arch/host/host.h"
#include "pid/pid.h"
#include "namespace/user.h"
#include "task/task.h"
#include "mm/slab.h"
#include "base/errno.h"

static struct task holder;	/* process 0 of the test: pids hang on it where a role is needed */
struct spinlock tasklist_lock = SPINLOCK_INIT(RANK_TASKLIST);
struct pid_ns first_pid_ns = { .ns.count = REFCOUNT_INIT(1), .lock = SPINLOCK_INIT(RANK_PID) };
bool ns_capable(struct user_namespace *ns, int cap) { return true; }
void wake_up_n(struct waitqueue *wq, int exclusive, unsigned long key) {}
void waitqueue_init(struct waitqueue *wq) { list_init(&wq->waiters); }

static void test_numbers_rise_and_are_not_reused_early(void)
{
	int last = first_pid_ns.last;
	for (int i = 0; i < 1000; i++) {
		struct pid *p = pid_new(&first_pid_ns, NULL, 0);
		CHECK(!IS_ERR(p) && p->numbers[0].number > last);
		last = p->numbers[0].number;
		pid_put(p);
	}
	CHECK(first_pid_ns.used == 0);
}

static void test_wrap_goes_to_300_and_skips_the_living(void)
{
	first_pid_ns.last = PID_MAX_DEFAULT - 3;
	struct pid *a = pid_new(&first_pid_ns, NULL, 0), *b = pid_new(&first_pid_ns, NULL, 0);
	CHECK(a->numbers[0].number == PID_MAX_DEFAULT - 2);
	CHECK(b->numbers[0].number == PID_MAX_DEFAULT - 1);
	struct pid *c = pid_new(&first_pid_ns, NULL, 0);
	CHECK(c->numbers[0].number == 300);
	first_pid_ns.last = 299;	/* as after another turn: 300 still lives */
	struct pid *d = pid_new(&first_pid_ns, NULL, 0);
	CHECK(d->numbers[0].number == 301);
	pid_put(a), pid_put(b), pid_put(c), pid_put(d);
}

static void test_full_says_eagain_and_recovers(void)
{
	static struct pid *all[400];
	int n = 0;
	pid_max = 350;
	first_pid_ns.last = 0;
	for (; n < 400; n++) {
		all[n] = pid_new(&first_pid_ns, NULL, 0);
		if (IS_ERR(all[n]))
			break;
	}
	CHECK(n == 349 && PTR_ERR(all[n]) == -EAGAIN);
	pid_put(all[320]);
	struct pid *p = pid_new(&first_pid_ns, NULL, 0);
	CHECK(!IS_ERR(p) && p->numbers[0].number == 321);
	all[320] = p;
	while (n-- > 0)
		pid_put(all[n]);
	pid_max = PID_MAX_DEFAULT;
	CHECK(first_pid_ns.used == 0);
}

static void test_chosen_numbers(void)
{
	int want = 777;
	struct pid *p = pid_new(&first_pid_ns, &want, 1);
	CHECK(!IS_ERR(p) && p->numbers[0].number == 777);
	CHECK(PTR_ERR(pid_new(&first_pid_ns, &want, 1)) == -EEXIST);
	struct pid *found = pid_find(777, &first_pid_ns);
	CHECK(found == p);
	pid_put(found);
	want = PID_MAX_DEFAULT;
	CHECK(pid_numbers_check(&first_pid_ns, &want, 1) == -EINVAL);
	want--;
	CHECK(pid_numbers_check(&first_pid_ns, &want, 1) == 0);
	CHECK(pid_numbers_check(&first_pid_ns, (int[]){ 5, 5 }, 2) == -EINVAL);
	pid_put(p);
	CHECK(!pid_find(777, &first_pid_ns));
}

static void test_each_level_has_its_own_number(void)
{
	struct pid_ns inner = { .ns.count = REFCOUNT_INIT(1), .level = 1, .parent = &first_pid_ns,
		.lock = SPINLOCK_INIT(RANK_PID) };
	struct pid *p = pid_new(&inner, NULL, 0);
	CHECK(!IS_ERR(p) && p->level == 1);
	CHECK(PTR_ERR(pid_new(&inner, NULL, 0)) == -EAGAIN);	/* while process 1 is being made */
	CHECK(pid_number_in(p, &inner) == 1 && pid_number_in(p, &first_pid_ns) == pid_number_global(p));
	struct pid *outer = pid_new(&first_pid_ns, NULL, 0);
	CHECK(pid_number_in(outer, &inner) == 0);
	inner.is_dead = true;
	CHECK(PTR_ERR(pid_new(&inner, NULL, 0)) == -ENOMEM);
	int used = first_pid_ns.used;
	CHECK(used == 2);	/* the refused one left nothing behind at the outer level */
	pid_put(p), pid_put(outer);
	CHECK(inner.used == 0 && inner.last == 0);	/* it came to nothing: the next one would be process 1 */
	pid_map_free(&inner);
}

static void test_a_role_keeps_the_number(void)
{
	struct signal signal = {};
	holder.signal = &signal;
	for (int i = 0; i < PID_TYPES; i++)
		list_init(&holder.pid_links[i]);
	struct pid *p = pid_new(&first_pid_ns, NULL, 0);
	int number = p->numbers[0].number;
	pid_attach_locked(&holder, PID_TASK, p);
	pid_attach_locked(&holder, PID_PGID, p);
	pid_detach_locked(&holder, PID_TASK);	/* the leader is gone, its group is not */
	struct pid *found = pid_find(number, &first_pid_ns);
	CHECK(found == p && pid_first_task_locked(p, PID_PGID) == &holder);
	pid_put(found);
	pid_detach_locked(&holder, PID_PGID);
	CHECK(!pid_find(number, &first_pid_ns));	/* free for others, though references to the name are left */
	CHECK(pid_number_in(p, &first_pid_ns) == 0);
	pid_put(p), pid_put(p), pid_put(p);
}

static void test_failing_allocations_leave_nothing(void)
{
	long before = (long)slab_live_bytes();
	int used = first_pid_ns.used;
	for (u32 n = 1; n < 4; n++) {
		current->fail_nth = n;
		struct pid *p = pid_new(&first_pid_ns, NULL, 0);
		current->fail_nth = 0;
		if (!IS_ERR(p))
			pid_put(p);
		CHECK(first_pid_ns.used == used);
	}
	CHECK((long)slab_live_bytes() == before);
}

int main(void)
{
	host_init(64);
	first_pid_ns.reaper = &holder;
	host_set_current(&holder);
	TEST_RUN(test_numbers_rise_and_are_not_reused_early);
	TEST_RUN(test_wrap_goes_to_300_and_skips_the_living);
	TEST_RUN(test_full_says_eagain_and_recovers);
	TEST_RUN(test_chosen_numbers);
	TEST_RUN(test_each_level_has_its_own_number);
	TEST_RUN(test_a_role_keeps_the_number);
	TEST_RUN(test_failing_allocations_leave_nothing);
	return test_end();
}
