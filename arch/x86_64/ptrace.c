/*
 * arch/x86_64/ptrace.c: the registers of another task, in the forms that ptrace(2) shows them: register sets by their
 * core-file numbers, the words of "struct user", and single steps.
 * Way in: ptrace/. The task is stopped and off its CPU: its registers are in struct regs at the top of its kernel stack,
 * and the rest in struct thread. Locks: none, for that reason.
 * Errors: EIO for a value that no register may have, EINVAL for a state that the FPU would refuse.
 * Source: ptrace(2), <sys/user.h>; Intel SDM volume 1 chapter 13 for the FPU's state, volume 3 chapter 17 for steps.
 * Differences from Linux: code and stack selectors are those of 64-bit programs and nothing else (EIO); a data selector
 * that could not be loaded reads as 0 at once; there is no PTRACE_SINGLEBLOCK.
 */
#include "x86.h"
#include "debugreg.h"
#include "fpu.h"
#include "arch/arch.h"
#include "base/errno.h"
#include "base/string.h"
#include "mm/mm.h"
#include "task/task.h"
#include <linux/elf.h>

/* The words of "struct user_regs_struct": those of struct regs, and then these. */
enum { REG_ORIG_RAX = 15, REG_RIP, REG_CS, REG_RFLAGS, REG_RSP, REG_SS, REG_FS_BASE, REG_GS_BASE, REG_DS, REG_ES, REG_FS,
       REG_GS, REGS };
_Static_assert(REG_FS_BASE * sizeof(u64) == sizeof(struct regs), "struct regs is the beginning of what ptrace shows");

/* -- the general registers -- */

static u64 reg_get(struct task *t, unsigned i)
{
	const struct thread *th = &t->thread;
	u64 v;

	switch (i) {
	case REG_FS_BASE: return th->fs_base;
	case REG_GS_BASE: return th->gs_base;
	case REG_DS: return th->ds;
	case REG_ES: return th->es;
	case REG_FS: return th->fs;
	case REG_GS: return th->gs;
	}
	v = ((const u64 *)task_regs(t))[i];
	/* a trace flag that is ours and not the program's is not seen */
	return i == REG_RFLAGS && th->is_step_ours ? v & ~(u64)RFLAGS_TF : v;
}

static int selector_set(u16 *selector, u64 value)
{
	u16 v = (u16)value;

	if (v && (v & 3) != 3)
		return -EIO;
	*selector = v == USER_DS ? v : 0;
	return 0;
}

static int base_set(u64 *base, u64 value)
{
	if (value >= USER_END)
		return -EIO;
	*base = value;
	return 0;
}

/* If the program is to have the trace flag it is its own from now on; if not, a step that we are at still needs it. */
static void flags_set(struct task *t, u64 value)
{
	struct regs *r = task_regs(t);

	if (value & RFLAGS_TF)
		t->thread.is_step_ours = false;
	else if (t->thread.is_step_ours)
		value |= RFLAGS_TF;
	r->rflags = (r->rflags & ~(u64)RFLAGS_USER) | (value & RFLAGS_USER);
	task_set_work(t, WORK_REGS);
}

static int reg_set(struct task *t, unsigned i, u64 v)
{
	struct thread *th = &t->thread;

	switch (i) {
	case REG_FS_BASE: return base_set(&th->fs_base, v);
	case REG_GS_BASE: return base_set(&th->gs_base, v);
	case REG_DS: return selector_set(&th->ds, v);
	case REG_ES: return selector_set(&th->es, v);
	case REG_FS: return selector_set(&th->fs, v);
	case REG_GS: return selector_set(&th->gs, v);
	case REG_CS: return (u16)v == USER_CS ? 0 : -EIO;
	case REG_SS: return (u16)v == USER_DS ? 0 : -EIO;
	case REG_RFLAGS:
		flags_set(t, v);
		return 0;
	}
	((u64 *)task_regs(t))[i] = v;
	task_set_work(t, WORK_REGS);
	return 0;
}

/* -- the FPU -- */

/* Its area is what a switch to the task loads, unless this CPU's registers still hold what was saved to it last. */
static struct fpu_area *fpu_for_change(struct task *t)
{
	t->thread.fpu_cpu = 0;
	return t->thread.fpu;
}

static int fpregs_set(struct task *t, const struct _fpstate_64 *from, size_t n)
{
	struct fpu_area *a;

	if (n != sizeof(*from) || (from->mxcsr & ~cpu_features.mxcsr_mask))
		return -EINVAL;
	a = fpu_for_change(t);
	memcpy(&a->legacy, from, offsetof(struct _fpstate_64, reserved3));
	if (cpu_features.has_xsave)
		a->features |= 3;
	return 0;
}

static int xstate_set(struct task *t, const struct fpu_area *from, size_t n)
{
	struct fpu_area *a;

	if (n != cpu_features.fpu_bytes)
		return -EFAULT;
	if (from->features & ~cpu_features.xfeatures)
		return -EINVAL;
	for (size_t i = 0; i < ARRAY_SIZE(from->reserved); i++) {
		if (from->reserved[i])
			return -EINVAL;
	}
	if ((from->features & 7) && (from->legacy.mxcsr & ~cpu_features.mxcsr_mask))
		return -EINVAL;
	a = fpu_for_change(t);
	memcpy(a, from, n);
	return fpu_sanitize(a) ? 0 : -EINVAL;
}

/* The software's bytes are ours for signal frames; a debugger finds the mask of components there. */
static void fpu_get(struct task *t, struct fpu_area *to, size_t n, bool has_mask)
{
	memcpy(to, t->thread.fpu, n);
	memset(&to->legacy.reserved3, 0, sizeof(to->legacy) - offsetof(struct _fpstate_64, reserved3));
	if (has_mask)
		memcpy(&to->legacy.sw_reserved, &cpu_features.xfeatures, sizeof(u64));
}

/* -- register sets -- */

size_t arch_regset_size(unsigned type, size_t *unit)
{
	*unit = sizeof(u64);
	switch (type) {
	case NT_PRSTATUS: return REGS * sizeof(u64);
	case NT_PRFPREG: return sizeof(struct _fpstate_64);
	case NT_X86_XSTATE: return cpu_features.has_xsave ? cpu_features.fpu_bytes : 0;
	default: return 0;
	}
}

void arch_regset_get(struct task *t, unsigned type, void *buf)
{
	u64 *words = buf;

	if (type == NT_PRSTATUS) {
		for (unsigned i = 0; i < REGS; i++)
			words[i] = reg_get(t, i);
	} else if (type == NT_PRFPREG) {
		fpu_get(t, buf, sizeof(struct _fpstate_64), false);
	} else {
		fpu_get(t, buf, cpu_features.fpu_bytes, true);
	}
}

int arch_regset_set(struct task *t, unsigned type, const void *buf, size_t n)
{
	const u64 *words = buf;
	int err = 0;

	if (type == NT_PRFPREG)
		return fpregs_set(t, buf, n);
	if (type != NT_PRSTATUS)
		return xstate_set(t, buf, n);
	for (unsigned i = 0; i < n / sizeof(u64) && !err; i++)
		err = reg_set(t, i, words[i]);
	return err;
}

/* -- "struct user": the general registers, much that no kernel fills in, and the debug registers -- */
#define USER_BYTES 928
#define USER_DEBUG 848

long arch_user_word_get(struct task *t, uptr offset, u64 *v)
{
	if (!IS_ALIGNED(offset, sizeof(u64)) || offset >= USER_BYTES)
		return -EIO;
	if (offset < REGS * sizeof(u64))
		*v = reg_get(t, (unsigned)(offset / sizeof(u64)));
	else if (offset >= USER_DEBUG && offset < USER_DEBUG + 8 * sizeof(u64))
		*v = debug_reg_get(t, (unsigned)((offset - USER_DEBUG) / sizeof(u64)));
	else
		*v = 0;
	return 0;
}

long arch_user_word_set(struct task *t, uptr offset, u64 v)
{
	if (!IS_ALIGNED(offset, sizeof(u64)))
		return -EIO;
	if (offset < REGS * sizeof(u64))
		return reg_set(t, (unsigned)(offset / sizeof(u64)), v);
	if (offset >= USER_DEBUG && offset < USER_DEBUG + 8 * sizeof(u64))
		return debug_reg_set(t, (unsigned)((offset - USER_DEBUG) / sizeof(u64)), v);
	return -EIO;
}

/* -- single steps -- */

/* Is the next instruction one that loads the flags itself (popf, iret)? Then what it loads is the program's. */
static bool loads_flags(struct task *t)
{
	static const char prefixes[] = "\x26\x2e\x36\x3e\x64\x65\x66\x67\xf0\xf2\xf3";
	struct mm *mm = task_get_mm(t);
	u8 code[15];
	ssize_t n = mm ? mm_access(mm, regs_ip(task_regs(t)), code, sizeof(code), ACCESS_FORCE) : 0, i = 0;

	if (mm)
		mm_put(mm);
	while (i < n && (memchr(prefixes, code[i], sizeof(prefixes) - 1) || (code[i] & 0xf0) == 0x40))
		i++;
	return i < n && (code[i] == 0x9d || code[i] == 0xcf);
}

void arch_step_enable(struct task *t)
{
	struct regs *r = task_regs(t);
	bool had = r->rflags & RFLAGS_TF;

	r->rflags |= RFLAGS_TF;
	if (loads_flags(t))
		t->thread.is_step_ours = false;
	else if (!had)
		t->thread.is_step_ours = true;
}

void arch_step_disable(struct task *t)
{
	if (t->thread.is_step_ours)
		task_regs(t)->rflags &= ~(u64)RFLAGS_TF;
	t->thread.is_step_ours = false;
}
