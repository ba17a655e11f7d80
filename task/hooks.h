/* task/hooks.h: the functions that see every clone; see hooks.c. */
#ifndef TASK_HOOKS_H
#define TASK_HOOKS_H
#include "task/task.h"

struct clone_counts { u64 forks, vforks, threads, kernel; };
extern struct clone_counts clone_counts;

int hooks_may_clone(const struct clone_request *req);
void hooks_cloned(const struct task *child, const struct clone_request *req);
#endif
