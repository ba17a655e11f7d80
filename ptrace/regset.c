/*
 * ptrace/regset.c: a tracer reads and writes its tracee's registers by sets. What a set holds is arch/'s.
 * Way in: request.c; the tracee is stopped. Errors: EINVAL (no such set, or not a whole number of its parts), EFAULT, ENOMEM,
 * and what arch_regset_set says. Source: ptrace(2), PTRACE_GETREGSET.
 */
#include "ptrace/internal.h"
#include "arch/arch.h"
#include "base/errno.h"
#include "fs/iter.h"
#include "mm/slab.h"
#include "mm/user_access.h"

/* n: at most size, the set's own. */
static int regset_read(struct task *t, unsigned type, size_t size, uptr data, size_t n)
{
	void *buf = kzalloc(size);
	int err;

	if (!buf)
		return -ENOMEM;
	arch_regset_get(t, type, buf);
	err = copy_to_user(data, buf, n);
	kfree(buf);
	return err;
}

static int regset_write(struct task *t, unsigned type, uptr data, size_t n)
{
	void *buf = kzalloc(MAX(n, (size_t)1));
	int err;

	if (!buf)
		return -ENOMEM;
	err = copy_from_user(buf, data, n);
	if (!err)
		err = arch_regset_set(t, type, buf, n);
	kfree(buf);
	return err;
}

long ptrace_regset(struct task *t, unsigned long type, uptr iov, bool is_set)
{
	struct piece p;
	size_t unit, size;
	int err;

	if (copy_from_user(&p, iov, sizeof(p)))
		return -EFAULT;
	size = type <= 0xffffffff ? arch_regset_size((unsigned)type, &unit) : 0;
	if (!size || p.len % unit)
		return -EINVAL;
	p.len = MIN(p.len, size);
	err = is_set ? regset_write(t, (unsigned)type, p.base, p.len) : regset_read(t, (unsigned)type, size, p.base, p.len);
	return err ? err : copy_to_user(iov, &p, sizeof(p));
}

long ptrace_regset_all(struct task *t, unsigned type, uptr data, bool is_set)
{
	size_t unit, size = arch_regset_size(type, &unit);

	if (!size)
		return -EIO;
	return is_set ? regset_write(t, type, data, size) : regset_read(t, type, size, data, size);
}
