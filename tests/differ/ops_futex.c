/* ops_futex.c: operations on futexes that agents wait for, and on locks with an owner. */
#include "differ.h"
#include <linux/futex.h>
#include <sys/syscall.h>

/* Words of the world itself: shared by all, also after an exec. */
static uint32_t *word_at(int n)
{
	return (uint32_t *)&world->box[AGENTS - 1].words[8 + n];
}

OP(FUTEX, 14, futex_wait)
{
	int n = (int)draw(3), value = (int)draw(2), private = chance(10) ? FUTEX_PRIVATE_FLAG : 0;
	uint32_t bits = chance(60) ? ~0u : 1 + draw(3);
	say("futex_wait(%d, %d, %x, %x)", n, value, bits, private);
	said(sys(SYS_futex, word_at(n), FUTEX_WAIT_BITSET | private, value, NULL, NULL, bits));
}

OP(FUTEX, 10, futex_wake)
{
	int n = (int)draw(3), count = (int)draw(4), private = chance(10) ? FUTEX_PRIVATE_FLAG : 0;
	uint32_t bits = chance(60) ? ~0u : draw(4);
	say("futex_wake(%d, %d, %x, %x)", n, count, bits, private);
	said(sys(SYS_futex, word_at(n), FUTEX_WAKE_BITSET | private, count, NULL, NULL, bits));
}

OP(FUTEX, 6, futex_requeue)
{
	int from = (int)draw(3), to = (int)draw(3), wake = (int)draw(3), move = (int)draw(3), value = (int)draw(2);
	bool compare = chance(50);
	say("futex_%srequeue(%d, %d, %d, %d, %d)", compare ? "cmp_" : "", from, to, wake, move, value);
	said(sys(SYS_futex, word_at(from), compare ? FUTEX_CMP_REQUEUE : FUTEX_REQUEUE, wake, move, word_at(to), value));
}

OP(FUTEX, 4, futex_wake_op)
{
	int from = (int)draw(3), to = (int)draw(3), operation = (int)draw(5), argument = (int)draw(2), compare = (int)draw(6);
	say("futex_wake_op(%d, %d, %d %d, %d)", from, to, operation, argument, compare);
	said(sys(SYS_futex, word_at(from), FUTEX_WAKE_OP, 1, 1, word_at(to), operation << 28 | compare << 24 | argument << 12));
	say(" now %u", *word_at(to));
}

OP(FUTEX, 3, futex_store)
{
	int n = (int)draw(3), value = (int)draw(2);
	say("word %d is %d", n, value);
	*word_at(n) = (uint32_t)value;
}

/* A lock whose word holds its owner's number. */
static void say_lock(int n)
{
	uint32_t word = *word_at(3 + n);
	uint32_t owner = word & FUTEX_TID_MASK;
	say(" word%s%s %s", word & FUTEX_WAITERS ? " waiters" : "", word & FUTEX_OWNER_DIED ? " died" : "", who(owner));
}

OP(FUTEX, 12, lock_pi)
{
	static const int calls[] = {FUTEX_LOCK_PI, FUTEX_LOCK_PI, FUTEX_TRYLOCK_PI, FUTEX_LOCK_PI2};
	int n = (int)draw(2), call = PICK(calls);
	say("lock_pi(%d, %d)", n, call);
	said(sys(SYS_futex, word_at(3 + n), call, 0, NULL));
	say_lock(n);
}

OP(FUTEX, 10, unlock_pi)
{
	int n = (int)draw(2);
	say("unlock_pi(%d)", n);
	said(sys(SYS_futex, word_at(3 + n), FUTEX_UNLOCK_PI));
	say_lock(n);
}

/* An empty robust list that names a lock of the world as about to be taken, an ordinary one or one with an owner. */
OP(FUTEX, 6, robust_lock)
{
	struct box *b = self();
	struct robust_list_head *head = (struct robust_list_head *)&b->words[0];
	int n = (int)draw(2), taken = chance(60), pi = chance(50);
	uint32_t *word = word_at(3 + n);
	uintptr_t entry = (uintptr_t)word - 8;
	head->futex_offset = 8;
	head->list.next = &head->list;
	head->list_op_pending = (struct robust_list *)(entry | (uintptr_t)pi);
	if (taken && !*word)
		*word = (uint32_t)sys(SYS_gettid);
	say("robust_lock(%d, %d %d)", n, taken, pi);
	said(sys(SYS_set_robust_list, head, sizeof *head));
	say_lock(n);
}

OP(FUTEX, 3, robust_ask)
{
	struct robust_list_head *head = NULL;
	size_t size = 0;
	int i = any_agent();
	say("robust_ask(a%d)", i);
	said(sys(SYS_get_robust_list, pid_of(i), &head, &size));
	struct box *of = (struct box *)((char *)head - offsetof(struct box, words));
	say(" %d %zu", head ? (int)(of - world->box) : -1, size);
}
