/* task/resources/thread.c: the room "thread": the CPU's state: registers on the child's own kernel stack, FPU, TLS. */
#include "task/internal.h"
#include "arch/arch.h"

int room_thread_copy(struct task *child, const struct clone_request *req)
{
	if (req->kernel_fn) {
		arch_thread_kernel(child, req->kernel_fn, req->kernel_arg);
		return 0;
	}
	return arch_thread_copy(child, req);
}
