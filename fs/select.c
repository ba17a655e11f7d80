/*
 * fs/select.c: select, pselect6: three sets of descriptors as bitmaps. See poll.c for the waiting.
 * Errors: EBADF for a number that is not open, EINVAL, EFAULT, ENOMEM, EINTR. The time left is written back.
 * Source: select(2), select_tut(2).
 */
#include "fs/internal.h"
#include "fs/poll.h"
#include "base/string.h"
#include "mm/slab.h"
#include "mm/user_access.h"
#include "syscall/define.h"
#include "task/task.h"
#include <linux/eventpoll.h>
#include <linux/time_types.h>

#define WORDS_ON_STACK 16	/* of one set: 1024 descriptors */

static const unsigned set_events[3] = {
	EPOLLRDNORM | EPOLLRDBAND | EPOLLIN | EPOLLHUP | EPOLLERR,
	EPOLLWRBAND | EPOLLWRNORM | EPOLLOUT | EPOLLERR,
	EPOLLPRI,
};

/* Three sets asked for, then three of what is ready; each of words u64s. */
struct sets {
	unsigned words;
	u64 *bits;
	u64 fast[6 * WORDS_ON_STACK];
};

static u64 *asked(struct sets *s, int which) { return s->bits + which * s->words; }
static u64 *ready(struct sets *s, int which) { return s->bits + (3 + which) * s->words; }

static int sets_read(struct sets *s, int n, const uptr addrs[3])
{
	s->words = ((unsigned)n + 63) / 64;
	s->bits = s->fast;
	if (s->words > WORDS_ON_STACK && !(s->bits = kmalloc(6 * s->words * sizeof(u64))))
		return -ENOMEM;
	memset(s->bits, 0, 6 * s->words * sizeof(u64));
	for (int i = 0; i < 3; i++) {
		if (addrs[i] && copy_from_user(asked(s, i), addrs[i], s->words * sizeof(u64)))
			return -EFAULT;
		if (n % 64 && s->words)
			asked(s, i)[s->words - 1] &= (1UL << n % 64) - 1;
	}
	return 0;
}

static int sets_write(struct sets *s, const uptr addrs[3])
{
	for (int i = 0; i < 3; i++) {
		if (addrs[i] && copy_to_user(addrs[i], ready(s, i), s->words * sizeof(u64)))
			return -EFAULT;
	}
	return 0;
}

static void sets_free(struct sets *s)
{
	if (s->bits != s->fast)
		kfree(s->bits);
}

/* One descriptor: how many of its bits are ready, or -EBADF. */
static int select_one(struct sets *s, unsigned fd, struct poll_queue *q)
{
	unsigned word = fd / 64;
	u64 bit = 1UL << fd % 64;
	int n = 0;

	q->table.key = EPOLLERR | EPOLLHUP;
	for (int i = 0; i < 3; i++) {
		if (asked(s, i)[word] & bit)
			q->table.key |= set_events[i];
	}
	struct file *f = fd_get_raw((int)fd);
	if (!f)
		return -EBADF;
	/* O_PATH: ready for everything, on Linux too. */
	unsigned mask = f->mode & FMODE_PATH ? ~0u : file_poll(f, &q->table);
	file_put(f);
	for (int i = 0; i < 3; i++) {
		if ((asked(s, i)[word] & bit) && (mask & set_events[i])) {
			ready(s, i)[word] |= bit;
			n++;
		}
	}
	return n;
}

static int select_look(struct sets *s, struct poll_queue *q)
{
	int total = 0;

	for (unsigned w = 0; w < s->words; w++) {
		u64 any = asked(s, 0)[w] | asked(s, 1)[w] | asked(s, 2)[w];
		for (; any; any &= any - 1) {
			int n = select_one(s, w * 64 + (unsigned)__builtin_ctzl(any), q);
			if (n < 0)
				return n;
			total += n;
			if (total)
				q->table.queue = NULL;
		}
	}
	return total;
}

static int select_all(struct sets *s, bool may_wait, u64 deadline_ns)
{
	struct poll_queue q;
	int n, err = 0;

	poll_queue_init(&q);
	if (!may_wait)
		q.table.queue = NULL;
	for (;;) {
		n = select_look(s, &q);
		q.table.queue = NULL;
		if (n || !may_wait || err)
			break;
		err = q.out_of_memory ? -ENOMEM : poll_queue_sleep(&q, deadline_ns);
	}
	poll_queue_end(&q);
	return n ? n : err == -ETIME ? 0 : err;
}

static int select_user(int n, const uptr addrs[3], bool may_wait, u64 deadline_ns)
{
	struct sets s;

	if (n < 0)
		return -EINVAL;
	n = MIN(n, (int)files_capacity(current->files));
	int result = sets_read(&s, n, addrs);
	if (!result)
		result = select_all(&s, may_wait, deadline_ns);
	if (result >= 0) {
		int err = sets_write(&s, addrs);
		if (err)
			result = err;
	}
	sets_free(&s);
	return result;
}

long sys_select(int n, uptr in, uptr out, uptr ex, uptr timeout)
{
	const uptr addrs[3] = { in, out, ex };
	struct { long sec, usec; } tv = { 0, 0 };
	u64 deadline = 0, ns = 0;

	if (timeout) {
		if (copy_from_user(&tv, timeout, sizeof(tv)))
			return -EFAULT;
		/* Linux carries microseconds above a second over. */
		if (tv.sec < 0 || tv.usec < 0)
			return -EINVAL;
		u64 sec = (u64)tv.sec + (u64)tv.usec / 1000000;
		ns = sec >= ~0UL / NSEC_PER_SEC / 2 ? ~0UL >> 1 : sec * NSEC_PER_SEC + (u64)tv.usec % 1000000 * 1000;
		deadline = deadline_after(ns);
	}
	int result = select_user(n, addrs, !timeout || ns, deadline);
	return timeout_end(result, timeout, true, deadline);
}

long sys_pselect6(int n, uptr in, uptr out, uptr ex, uptr timeout, uptr mask_arg)
{
	const uptr addrs[3] = { in, out, ex };
	struct { uptr mask; size_t size; } m = { 0, 0 };
	u64 ns = 0, deadline = 0;

	if (mask_arg && copy_from_user(&m, mask_arg, sizeof(m)))
		return -EFAULT;
	int err = timeout ? get_timespec_ns(&ns, timeout) : 0;
	if (!err)
		err = signal_set_user_mask(m.mask, m.size);
	if (err)
		return err;
	if (timeout)
		deadline = deadline_after(ns);
	int result = select_user(n, addrs, !timeout || ns, deadline);
	signal_restore_saved_mask_unless(result == -ERESTARTSYS);
	return timeout_end(result, timeout, false, deadline);
}
