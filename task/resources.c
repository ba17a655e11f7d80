/*
 * task/resources.c: the rooms of a task, in one table, and the walks over it.
 * Way in: rooms_copy (clone), rooms_drop_at_exit (death, before the parent has waited), rooms_drop (a failed clone, and
 * the end of the struct: one destructor for failure and death). Rooms are copied in this order and given up in reverse.
 * What is shared as it is, is shared here; each room's own file in resources/ says what else it shares, copies, or makes fresh,
 * and how a hold on it is given up.
 * Locks: task->lock where others may still look at the task.
 */
#include "task/internal.h"
#include "fs/vfs.h"
#include "ipc/sem.h"
#include "mm/mm.h"
#include "base/types.h"
#include <linux/sched.h>

#define ROOM(name, pointer, flag, at_exit) \
	{ #name, flag, offsetof(struct task, pointer), room_##name##_copy, room_##name##_put, at_exit }
static const struct room rooms[] = {
	/*	name		pointer		shared under	given up at exit */
	ROOM(	cred,		real_cred,	0,		false),
	ROOM(	semundo,	semundo,	CLONE_SYSVSEM,	true),
	ROOM(	files,		files,		CLONE_FILES,	true),
	ROOM(	fs,		fs,		CLONE_FS,	true),
	ROOM(	sighand,	sighand,	CLONE_SIGHAND,	false),
	ROOM(	signal,		signal,		CLONE_THREAD,	false),
	ROOM(	mm,		mm,		CLONE_VM,	true),
	ROOM(	namespaces,	ns,		0,		true),
	ROOM(	io,		io,		CLONE_IO,	true),
};
#undef ROOM

/* A room that is shared begins with the count of those who do. */
#define COUNT_COMES_FIRST(type, member) _Static_assert(offsetof(type, member) == 0, #type)
COUNT_COMES_FIRST(struct semundo, count);
COUNT_COMES_FIRST(struct files, count);
COUNT_COMES_FIRST(struct fs_room, count);
COUNT_COMES_FIRST(struct sighand, count);
COUNT_COMES_FIRST(struct signal, count);
COUNT_COMES_FIRST(struct mm, users);
COUNT_COMES_FIRST(struct io_room, count);

static __always_inline void **room_of(struct task *t, const struct room *room) { return (void *)((u8 *)t + room->pointer); }

int rooms_copy(struct task *child, const struct clone_request *req)
{
	/* One after the other, so that each is called by its name and small ones are inlined: here and below. */
#pragma clang loop unroll(full)
	for (size_t i = 0; i < ARRAY_SIZE(rooms); i++) {
		void *mine = *room_of(current, &rooms[i]);
		if ((req->flags & rooms[i].share_flag) && mine) {
			refcount_inc(mine);
			*room_of(child, &rooms[i]) = mine;
			continue;
		}
		int err = rooms[i].copy(child, req);
		if (err)
			return err;
	}
	return room_thread_copy(child, req);
}

/* Nobody else knows of t, or not any more. */
void rooms_drop(struct task *t)
{
#pragma clang loop unroll(full)
	for (size_t i = ARRAY_SIZE(rooms); i-- > 0;) {
		void *body = *room_of(t, &rooms[i]);
		if (!body)
			continue;
		*room_of(t, &rooms[i]) = NULL;
		rooms[i].put(t, body);
	}
}

void rooms_drop_at_exit(struct task *t)
{
	void *held[ARRAY_SIZE(rooms)];

	spin_lock_irq(&t->lock);
#pragma clang loop unroll(full)
	for (size_t i = 0; i < ARRAY_SIZE(rooms); i++) {
		if (!rooms[i].drop_at_exit)
			continue;
		held[i] = *room_of(t, &rooms[i]);
		*room_of(t, &rooms[i]) = NULL;
	}
	spin_unlock_irq(&t->lock);
#pragma clang loop unroll(full)
	for (size_t i = ARRAY_SIZE(rooms); i-- > 0;)
		if (rooms[i].drop_at_exit && held[i])
			rooms[i].put(t, held[i]);
}
