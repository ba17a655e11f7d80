/* task/resources/fs.c: the room "fs": root, working directory, umask. CLONE_FS shares it; else two paths are counted. */
#include "task/internal.h"
#include "fs/vfs.h"
#include "base/errno.h"

int room_fs_copy(struct task *child, const struct clone_request *req)
{
	if (!current->fs)
		return 0;
	child->fs = fs_room_copy(current->fs);
	return child->fs ? 0 : -ENOMEM;
}

/* Another task may be looking at the room (/proc). */
void task_set_fs(struct task *t, struct fs_room *fs)
{
	unsigned long flags = spin_lock_irqsave(&t->lock);
	struct fs_room *old = t->fs;
	t->fs = fs;
	spin_unlock_irqrestore(&t->lock, flags);
	fs_room_put(old);
}

void room_fs_put(struct task *t, void *body) { fs_room_put(body); }
