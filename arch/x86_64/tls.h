/* arch/x86_64/tls.h: a task's %fs and %gs: saved and loaded by the switch, fork and exec. Interrupts are off. */
#ifndef X86_TLS_H
#define X86_TLS_H
#include "thread.h"

void tls_save(struct thread *t);		/* what this CPU's registers hold */
void tls_load(const struct thread *t);
void tls_load_after(const struct thread *prev, const struct thread *t);	/* the same; prev has just been saved */
#endif
