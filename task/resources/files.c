/*
 * task/resources/files.c: the room "files": descriptors. CLONE_FILES shares the handle; without it the child gets a
 * handle of its own on the same table, which whoever changes it first copies (fs/files.c).
 */
#include "task/internal.h"
#include "fs/vfs.h"
#include "base/errno.h"
#include <linux/sched.h>

int room_files_copy(struct task *child, const struct clone_request *req)
{
	if (!current->files)
		return 0;
	if (files_is_too_big(current->files))
		return -EMFILE;
	child->files = files_copy(current->files);
	return child->files ? 0 : -ENOMEM;
}

void room_files_put(struct task *t, void *body) { files_put(body); }
