/*
 * seccomp/actions.c: what a filter may say, by number and name: for SECCOMP_GET_ACTION_AVAIL, for the log, and for
 * /proc/sys/kernel/seccomp/{actions_avail,actions_logged}.
 * Locks: none, the set of those that are logged is one word. Errors: EPERM, EINVAL (an unknown name; allow is never logged).
 * Source: seccomp(2).
 */
#include "seccomp/internal.h"
#include "arch/arch.h"
#include "base/errno.h"
#include "base/string.h"
#include "fs/proc/proc.h"
#include <linux/capability.h>
#include <linux/seccomp.h>

static const struct { u32 action; const char *name; } actions[] = {
	{ SECCOMP_RET_KILL_PROCESS, "kill_process" }, { SECCOMP_RET_KILL_THREAD, "kill_thread" }, { SECCOMP_RET_TRAP, "trap" },
	{ SECCOMP_RET_ERRNO, "errno" }, { SECCOMP_RET_USER_NOTIF, "user_notif" }, { SECCOMP_RET_TRACE, "trace" },
	{ SECCOMP_RET_LOG, "log" }, { SECCOMP_RET_ALLOW, "allow" },
};
#define ALL_BUT_ALLOW ((u32)BIT(ARRAY_SIZE(actions) - 1) - 1)

static u32 logged = ALL_BUT_ALLOW;	/* bit i: of actions[i] */

/* -1: nobody knows it. */
static int index_of(u32 action)
{
	for (size_t i = 0; i < ARRAY_SIZE(actions); i++) {
		if (actions[i].action == action)
			return (int)i;
	}
	return -1;
}

bool action_is_known(u32 action) { return index_of(action) >= 0; }

/* What nobody knows kills, and is logged as that. */
bool action_is_logged(u32 action)
{
	int i = index_of(action);

	return READ_ONCE(logged) & BIT(i < 0 ? 0 : i);
}

static void show_set(struct text *t, u32 set)
{
	const char *before = "";

	for (size_t i = 0; i < ARRAY_SIZE(actions); i++) {
		if (set & BIT(i)) {
			text_print(t, "%s%s", before, actions[i].name);
			before = " ";
		}
	}
	text_print(t, "\n");
}

int seccomp_show_available(struct text *t, const struct proc_ref *r)
{
	show_set(t, ~0u);
	return 0;
}

int seccomp_show_logged(struct text *t, const struct proc_ref *r)
{
	show_set(t, READ_ONCE(logged));
	return 0;
}

/* One name of n bytes; 0: there is no such, or it may not be asked for. */
static u32 bit_of(const char *name, size_t n)
{
	for (size_t i = 0; i < ARRAY_SIZE(actions); i++) {
		if (strlen(actions[i].name) == n && !memcmp(actions[i].name, name, n))
			return (u32)BIT(i) & ALL_BUT_ALLOW;
	}
	return 0;
}

ssize_t seccomp_write_logged(const struct proc_ref *r, char *text, size_t n)
{
	u32 set = 0;

	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	for (char *at = text; *at;) {
		size_t length = 0;
		u32 bit;

		while (at[length] && at[length] != ' ' && at[length] != '\n')
			length++;
		bit = length ? bit_of(at, length) : 0;
		if (length && !bit)
			return -EINVAL;
		set |= bit;
		at += length + (at[length] != 0);
	}
	WRITE_ONCE(logged, set);
	return (ssize_t)n;
}
