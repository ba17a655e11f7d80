/*
 * ptrace/memory.c: the memory of another process: PTRACE_PEEK and POKE, and process_vm_readv and process_vm_writev. Both are
 * mm_access, as is /proc/PID/mem.
 * Locks: none of its own. Errors: EIO (PEEK, POKE); ESRCH, EPERM, EFAULT, EINVAL, ENOMEM.
 * Source: ptrace(2), process_vm_readv(2).
 */
#include "ptrace/internal.h"
#include "arch/arch.h"
#include "base/errno.h"
#include "fs/iter.h"
#include "mm/mm.h"
#include "mm/slab.h"
#include "mm/user_access.h"
#include "syscall/define.h"

/* -- one word, whatever the rights of its page: breakpoints are written into text -- */

/* A tracee's memory is its tracer's, unless the program may not be looked into and the tracer was not to see it. */
static struct mm *tracee_mm(struct task *t)
{
	struct mm *mm = task_get_mm(t);

	if (!mm || mm->dumpable == 1 || ptrace_tracer_is_capable(t, mm->user_ns))
		return mm;
	mm_put(mm);
	return NULL;
}

static bool word_access(struct task *t, uptr addr, u64 *word, unsigned how)
{
	struct mm *mm = tracee_mm(t);
	ssize_t n;

	if (!mm)
		return false;
	n = mm_access(mm, addr, word, sizeof(*word), how | ACCESS_FORCE);
	mm_put(mm);
	return n == sizeof(*word);
}

long ptrace_peek(struct task *t, uptr addr, uptr data)
{
	u64 word;

	return word_access(t, addr, &word, 0) ? put_user_u64(word, data) : -EIO;
}

long ptrace_poke(struct task *t, uptr addr, u64 value)
{
	return word_access(t, addr, &value, ACCESS_WRITE) ? 0 : -EIO;
}

/* -- process_vm_readv and process_vm_writev -- */

struct transfer {
	struct mm *mm;
	struct iter local;
	bool is_write;		/* into the other process */
	char *chunk;		/* a page */
};

/* One page at most. Bytes moved, fewer than asked at a fault on either side. */
static size_t transfer_chunk(struct transfer *x, uptr addr, size_t n)
{
	ssize_t got;

	if (x->is_write) {
		n = iter_take(&x->local, x->chunk, n);
		got = n ? mm_access(x->mm, addr, x->chunk, n, ACCESS_WRITE) : 0;
		return got > 0 ? (size_t)got : 0;
	}
	got = mm_access(x->mm, addr, x->chunk, n, 0);
	return got > 0 ? iter_put(&x->local, x->chunk, (size_t)got) : 0;
}

/* Bytes moved, or -EFAULT if none could be. */
static ssize_t transfer_all(struct transfer *x, const struct piece *remote, long count)
{
	size_t done = 0;

	for (long i = 0; i < count; i++) {
		uptr addr = remote[i].base;
		size_t left = remote[i].len;

		while (left && x->local.left) {
			size_t n = MIN(MIN(left, x->local.left), PAGE_SIZE - (addr & ~PAGE_MASK));
			size_t got = transfer_chunk(x, addr, n);

			done += got;
			if (got < n)
				return done ? (ssize_t)done : -EFAULT;
			addr += got;
			left -= got;
		}
	}
	return (ssize_t)done;
}

/* Addresses are looked at when they are used. */
static int remote_pieces(uptr iov, long count, struct piece *fast, struct piece **out, bool *is_empty)
{
	int err = pieces_fetch(iov, count, fast, out);

	*is_empty = true;
	for (long i = 0; i < count && !err; i++) {
		if ((ssize_t)(*out)[i].len < 0) {
			pieces_free(*out, fast);
			err = -EINVAL;
		} else if ((*out)[i].len) {
			*is_empty = false;
		}
	}
	return err;
}

static struct mm *remote_mm(int number)
{
	struct task *t = task_find(number);
	struct mm *mm = ERR_PTR(-ESRCH);

	if (!t)
		return mm;
	mm = task_get_mm(t);
	if (!mm) {
		mm = ERR_PTR(-ESRCH);
	} else if (mm != current->mm && task_may_attach_to_mm(t, mm)) {
		mm_put(mm);
		mm = ERR_PTR(-EPERM);
	}
	task_put(t);
	return mm;
}

static ssize_t transfer_with(int number, const struct piece *local, size_t total, const struct piece *remote, long count,
			     bool is_write)
{
	struct transfer x = { .is_write = is_write };
	ssize_t result = -ENOMEM;

	x.mm = remote_mm(number);
	if (IS_ERR(x.mm))
		return PTR_ERR(x.mm);
	iter_from_pieces(&x.local, local, total);
	x.chunk = kmalloc(PAGE_SIZE);
	if (x.chunk)
		result = transfer_all(&x, remote, count);
	kfree(x.chunk);
	mm_put(x.mm);
	return result;
}

static long process_vm(int number, uptr local_iov, long local_count, uptr remote_iov, long remote_count, unsigned long flags,
		       bool is_write)
{
	struct piece local_fast[PIECES_ON_STACK], remote_fast[PIECES_ON_STACK], *local, *remote;
	size_t local_total;
	bool is_empty;
	long result;

	if (flags)
		return -EINVAL;
	result = pieces_from_user(local_iov, local_count, local_fast, &local, &local_total);
	if (result)
		return result;
	if (local_total) {
		result = remote_pieces(remote_iov, remote_count, remote_fast, &remote, &is_empty);
		if (!result) {
			if (!is_empty)
				result = transfer_with(number, local, local_total, remote, remote_count, is_write);
			pieces_free(remote, remote_fast);
		}
	}
	pieces_free(local, local_fast);
	return result;
}

long sys_process_vm_readv(int pid, uptr lvec, unsigned long liovcnt, uptr rvec, unsigned long riovcnt, unsigned long flags)
{
	return process_vm(pid, lvec, (long)liovcnt, rvec, (long)riovcnt, flags, false);
}

long sys_process_vm_writev(int pid, uptr lvec, unsigned long liovcnt, uptr rvec, unsigned long riovcnt, unsigned long flags)
{
	return process_vm(pid, lvec, (long)liovcnt, rvec, (long)riovcnt, flags, true);
}
