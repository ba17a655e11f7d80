/* arch/x86_64/fpu.h: the saved FPU state and what fpu.c offers. No switch may come between, so nothing that sleeps:
 * interrupts may be on, for no handler uses these registers, or the task does not run. */
#ifndef X86_FPU_H
#define X86_FPU_H
#include "base/types.h"
#include <asm/sigcontext.h>

/* The head of an XSAVE area: legacy region and header. The components behind it are opaque. */
struct fpu_area {
	struct _fpstate_64 legacy;
	u64 features;		/* XSTATE_BV: which components are not in their initial state */
	u64 reserved[7];	/* XCOMP_BV first: 0 in the standard format */
};

void fpu_init(void);
void fpu_save(struct fpu_area *area);			/* from this CPU's registers */
void fpu_restore(const struct fpu_area *area);		/* to this CPU's registers */
void fpu_load_initial(void);
bool __must_check fpu_sanitize(struct fpu_area *area);	/* user bytes made fit to load; false: they are not */
/* To and from a signal frame; interrupts are on, and a fault may sleep: a switch keeps the registers. at is aligned to 64 and in
 * user space. 0 or -EFAULT: the memory is not there, or what it holds is not a state. */
int __must_check fpu_save_to_user(uptr at);
int __must_check fpu_restore_from_user(uptr at);
size_t fpu_area_bytes(void);				/* known once fpu_init() has run */
void fpu_area_init(struct fpu_area *area);		/* made fit to be saved to; not to be loaded before */
#endif
