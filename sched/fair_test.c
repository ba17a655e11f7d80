/*
 * sched/fair_test.c: the fair class without a kernel around it: shares of the CPU by nice value, where sleepers and
 * children are placed, yield, and that a task is never lost from the tree.
 */
#include "arch/host/host.h"
#include "sched/runqueue.h"
#include <linux/sched.h>

#define TASKS 20

static struct runqueue rq;
static struct task tasks[TASKS], idle;
static bool resched;

void sched_set_resched(void) { resched = true; }

static void start(int count)
{
	memset(&rq, 0, sizeof(rq));
	memset(tasks, 0, sizeof(tasks));
	sched_init_weights();
	fair_init(&rq);
	rq.curr = rq.idle = &idle;
	for (int i = 0; i < count; i++) {
		tasks[i].sched.weight = sched_weight(SCHED_NORMAL, 0);
		tasks[i].sched.vruntime_ns = rq.fair.min_vruntime_ns;
	}
}

static void enqueue(struct task *t, bool is_wakeup)
{
	t->sched.is_queued = true;
	sched_fair.enqueue(&rq, t, is_wakeup);
}

/* What schedule() does. */
static void switch_next(bool curr_sleeps)
{
	struct task *prev = rq.curr, *next;

	if (prev != &idle) {
		if (curr_sleeps) {
			sched_fair.dequeue(&rq, prev);
			prev->sched.is_queued = false;
		}
		sched_fair.put(&rq, prev);
	}
	next = sched_fair.pick(&rq);
	rq.curr = next ? next : &idle;
	resched = false;
}

static void run(u64 ns)
{
	if (rq.curr == &idle)
		return;
	rq.curr->sched.sum_exec_ns += ns;
	rq.curr->sched.slice_used_ns += ns;
	fair_charge(&rq, rq.curr, ns);
	sched_fair.tick(&rq, rq.curr);
}

static int tree_count(void)
{
	int n = rq.fair.single != NULL;

	CHECK(!rq.fair.single || !rb_first(&rq.fair.tree));
	for (struct rb_node *r = rb_first(&rq.fair.tree); r; r = rb_next(r))
		n++;
	return n;
}

static void test_shares_follow_weights(void)
{
	u64 total = 0, weights = 0;

	start(3);
	tasks[0].sched.weight = sched_weight(SCHED_NORMAL, -5);
	tasks[2].sched.weight = sched_weight(SCHED_NORMAL, 5);
	for (int i = 0; i < 3; i++)
		enqueue(&tasks[i], false);
	switch_next(false);
	for (int i = 0; i < 100000; i++) {
		run(1000000);
		if (resched)
			switch_next(false);
		CHECK(tree_count() == 2);
	}
	for (int i = 0; i < 3; i++) {
		total += tasks[i].sched.sum_exec_ns;
		weights += tasks[i].sched.weight;
	}
	for (int i = 0; i < 3; i++) {
		u64 fair = total / 1000 * tasks[i].sched.weight / weights * 1000, got = tasks[i].sched.sum_exec_ns;

		CHECK(got > fair - fair / 50 - 20000000 && got < fair + fair / 50 + 20000000);
	}
}

static void test_weights(void)
{
	sched_init_weights();
	CHECK(sched_weight(SCHED_NORMAL, 0) == 1024);
	for (int nice = -20; nice < 19; nice++) {
		u64 ratio = sched_weight(SCHED_NORMAL, nice) * 1000UL / sched_weight(SCHED_NORMAL, nice + 1);

		CHECK(ratio >= 1150 && ratio <= 1350);
	}
	CHECK(sched_weight(SCHED_IDLE, -20) == 3);
}

static void test_sleeper_gets_no_hoard(void)
{
	start(2);
	enqueue(&tasks[0], false);
	switch_next(false);
	for (int i = 0; i < 1000; i++)
		run(10000000);
	enqueue(&tasks[1], true);		/* slept for ten seconds */
	CHECK(tasks[0].sched.vruntime_ns - tasks[1].sched.vruntime_ns <= FAIR_SLEEPER_BONUS_NS);
	CHECK(sched_fair.preempts(&rq, &tasks[1], &tasks[0]));
	tasks[1].sched.policy = SCHED_BATCH;
	CHECK(!sched_fair.preempts(&rq, &tasks[1], &tasks[0]));
}

static void test_child_does_not_preempt(void)
{
	start(2);
	enqueue(&tasks[0], false);
	switch_next(false);
	run(5000000);
	tasks[1].sched.vruntime_ns = tasks[0].sched.vruntime_ns - 1;
	fair_place_new(&rq, &tasks[1]);
	enqueue(&tasks[1], false);
	CHECK(!sched_fair.preempts(&rq, &tasks[1], &tasks[0]));
}

static void test_yield_goes_round(void)
{
	start(3);
	for (int i = 0; i < 3; i++)
		enqueue(&tasks[i], false);
	switch_next(false);
	for (int i = 0; i < 9; i++) {
		CHECK(rq.curr == &tasks[i % 3]);
		fair_yield(&rq, rq.curr);
		switch_next(false);
	}
}

static void test_idle_policy_gives_way(void)
{
	start(2);
	tasks[0].sched.policy = SCHED_IDLE;
	tasks[0].sched.weight = sched_weight(SCHED_IDLE, 0);
	enqueue(&tasks[0], false);
	switch_next(false);
	enqueue(&tasks[1], true);
	CHECK(sched_fair.preempts(&rq, &tasks[1], &tasks[0]));
}

static void test_random_sleeps(void)
{
	start(TASKS);
	for (int step = 0; step < 50000; step++) {
		struct task *t = &tasks[test_random_below(TASKS)];
		u64 min = rq.fair.min_vruntime_ns;
		int queued = 0;

		if (!t->sched.is_queued)
			enqueue(t, true);
		run(test_random_below(3000000));
		if (rq.curr == &idle || resched || test_random_below(3) == 0)
			switch_next(rq.curr != &idle && test_random_below(2));
		CHECK((s64)(rq.fair.min_vruntime_ns - min) >= 0);
		for (int i = 0; i < TASKS; i++)
			queued += tasks[i].sched.is_queued;
		CHECK(queued == (int)rq.fair.count);
		CHECK(tree_count() == queued - (rq.curr != &idle && rq.curr->sched.is_queued));
	}
}

int main(void)
{
	host_init(16);
	TEST_RUN(test_weights);
	TEST_RUN(test_shares_follow_weights);
	TEST_RUN(test_sleeper_gets_no_hoard);
	TEST_RUN(test_child_does_not_preempt);
	TEST_RUN(test_yield_goes_round);
	TEST_RUN(test_idle_policy_gives_way);
	TEST_RUN(test_random_sleeps);
	return test_end();
}
