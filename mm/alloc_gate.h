/*
 * mm/alloc_gate.h: the one gate of all allocations (frames, tables, slabs, kmalloc, kernel stacks): a task's fail_nth
 * counts down to the one that fails (fault injection). An object that needs a new slab passes it twice.
 * Locks: none: a task's own counter.
 */
#ifndef MM_ALLOC_GATE_H
#define MM_ALLOC_GATE_H
#include "task/task.h"

bool alloc_gate_count(struct task *t);	/* mm/slab.c: one allocation nearer; true: this one must fail */

static __always_inline bool alloc_should_fail(void)
{
	struct task *t = current;

	return unlikely(t && t->fail_nth) && alloc_gate_count(t);
}
#endif
