/* arch/x86_64/futex.c: the atomic read-modify-write of FUTEX_WAKE_OP on a user word. Source: futex(2). */
#include "x86.h"
#include "arch/arch.h"
#include "base/errno.h"
#include <linux/futex.h>

static int desired_value(int op, u32 arg, u32 old, u32 *desired)
{
	switch (op) {
	case FUTEX_OP_SET: *desired = arg; return 0;
	case FUTEX_OP_ADD: *desired = old + arg; return 0;
	case FUTEX_OP_OR: *desired = old | arg; return 0;
	case FUTEX_OP_ANDN: *desired = old & ~arg; return 0;
	case FUTEX_OP_XOR: *desired = old ^ arg; return 0;
	default: return -ENOSYS;
	}
}

int arch_user_futex_op(int op, u32 arg, uptr addr, u32 *old)
{
	u32 expected, desired;
	int err = arch_user_load32(addr, &expected);

	for (; !err; expected = *old) {
		err = desired_value(op, arg, expected, &desired);
		if (!err)
			err = arch_user_cmpxchg32(addr, expected, desired, old);
		if (!err && *old == expected)
			return 0;
	}
	return err;
}
