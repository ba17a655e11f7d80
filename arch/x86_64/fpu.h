/* arch/x86_64/fpu.h: the saved FPU state and what fpu.c offers. Interrupts are off, or the task does not run. */
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
size_t fpu_frame_bytes(void);				/* in a signal frame */
void fpu_reset(struct fpu_area *area);			/* the initial state */
struct fpu_area *fpu_alloc(void);			/* to be saved to before it is loaded; NULL: out of memory */
void fpu_free(struct fpu_area *area);			/* NULL is accepted */
#endif
