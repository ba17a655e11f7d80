/*
 * task/resources.c: the rooms of a task, in one table, and the two walks over it.
 * Way in: rooms_copy (clone), rooms_drop_at_exit (death, before the parent has waited), rooms_drop (a failed clone, and
 * the end of the struct: one destructor for failure and death). Rooms are copied in this order and dropped in reverse.
 * Each room's own file in resources/ says what it shares, copies, or makes fresh.
 */
#include "task/internal.h"
#include "base/types.h"
#include <linux/sched.h>

static const struct room rooms[] = {
	/* name		shared under	copy			drop			at exit */
	{ "cred",	0,		room_cred_copy,		room_cred_drop,		false },
	{ "semundo",	CLONE_SYSVSEM,	room_semundo_copy,	room_semundo_drop,	true },
	{ "files",	CLONE_FILES,	room_files_copy,	room_files_drop,	true },
	{ "fs",		CLONE_FS,	room_fs_copy,		room_fs_drop,		true },
	{ "sighand",	CLONE_SIGHAND,	room_sighand_copy,	room_sighand_drop,	false },
	{ "signal",	CLONE_THREAD,	room_signal_copy,	room_signal_drop,	false },
	{ "mm",		CLONE_VM,	room_mm_copy,		room_mm_drop,		true },
	{ "namespaces",	0,		room_namespaces_copy,	room_namespaces_drop,	true },
	{ "io",		CLONE_IO,	room_io_copy,		room_io_drop,		true },
	{ "thread",	0,		room_thread_copy,	room_thread_drop,	false },
};

int rooms_copy(struct task *child, const struct clone_request *req)
{
	/* One after the other, so that each is called by its name and small ones are inlined: here and below. */
#pragma clang loop unroll(full)
	for (size_t i = 0; i < ARRAY_SIZE(rooms); i++) {
		int err = rooms[i].copy(child, req);
		if (err)
			return err;
	}
	return 0;
}

void rooms_drop(struct task *t)
{
#pragma clang loop unroll(full)
	for (size_t i = ARRAY_SIZE(rooms); i-- > 0;)
		rooms[i].drop(t);
}

void rooms_drop_at_exit(struct task *t)
{
#pragma clang loop unroll(full)
	for (size_t i = ARRAY_SIZE(rooms); i-- > 0;)
		if (rooms[i].drop_at_exit)
			rooms[i].drop(t);
}
