/* task/cred.h: editing credentials; see resources/cred.c. */
#ifndef TASK_CRED_H
#define TASK_CRED_H
#include "task/task.h"
#include "namespace/account.h"
int __must_check cred_set_account(struct cred *c, u32 uid);	/* in c's user namespace; 0 or -EAGAIN: no memory */
void cred_set_groups(struct cred *c, struct group_list *g);
int __must_check cred_init_first(struct task *t);
/* What execve makes of the credentials: set-user-ID and set-group-ID bits, capabilities of root. 0 or -errno. */
struct file;
/* is_secure: AT_SECURE. has_gained: more than the caller had, which it gets only while its root and folder are its own. */
int __must_check cred_exec(struct cred *c, struct file *program, bool *is_secure, bool *has_gained);
bool cred_is_fs_shared(void);	/* by another process */
#endif
