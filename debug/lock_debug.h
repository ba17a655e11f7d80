/* debug/lock_debug.h: what the debug build asserts about locks; nothing in the others. See lock_debug.c. */
#ifndef DEBUG_LOCK_DEBUG_H
#define DEBUG_LOCK_DEBUG_H
#include "base/printk.h"
#include "base/types.h"

#ifdef FURCA_DEBUG
void lock_debug_check_sleep(void);	/* may current sleep here? panics if not */
void lock_debug_check_user_copy(void);	/* may current touch user memory here, which may fault and take mm->lock? */
void lock_debug_print_cpu(enum log_level level, u32 cpu);	/* the spinlocks that it holds, as far as can be seen from here */
void lock_debug_print_task(enum log_level level, const struct task *t);	/* the sleeping locks that it holds */
bool lock_debug_holds(const void *lock);	/* this CPU (a spinlock) or current (a sleeping lock) holds it */
#else
static inline void lock_debug_check_sleep(void) { }
static inline void lock_debug_check_user_copy(void) { }
static inline void lock_debug_print_cpu(enum log_level level, u32 cpu) { }
static inline void lock_debug_print_task(enum log_level level, const struct task *t) { }
static inline bool lock_debug_holds(const void *lock) { return true; }
#endif
#define ASSERT_LOCK_HELD(lock) ASSERT(lock_debug_holds(lock))
#endif
