/*
 * task/resources/mm.c: the room "mm": the address space. CLONE_VM shares it; fork takes mm_copy: one copy of the root
 * table and one count on the regions, whatever the size (mm/fork.c). A kernel task has none.
 */
#include "task/internal.h"
#include "mm/mm.h"
#include "arch/arch.h"

int room_mm_copy(struct task *child, const struct clone_request *req)
{
	if (!current->mm || req->kernel_fn)
		return 0;
	/* Both go on in the middle of the same function, and write the stack's page at once. */
	struct mm *mm = mm_copy(current->mm, req->stack ? 0 : regs_sp(task_regs(current)));
	if (IS_ERR(mm))
		return (int)PTR_ERR(mm);
	child->minor_faults = mm->minor_faults;
	current->minor_faults += mm->minor_faults;
	mm->owner = child;
	child->mm = mm;
	return 0;
}

void room_mm_put(struct task *t, void *body)
{
	struct mm *mm = body;

	if (mm->owner == t)
		mm->owner = NULL;
	mm_put(mm);
}
