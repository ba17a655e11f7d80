/* base/refcount.c: what happens when a reference count leaves its range. It saturates: a leak, never an early free. */
#include "base/atomic.h"
#include "base/printk.h"
#include "mm/page.h"

__attribute__((preserve_most)) void refcount_report(const refcount_t *r, const char *what)
{
	refcount_set((refcount_t *)r, REFCOUNT_SATURATED);
	log_error("refcount of a %s at %p: %s, by %pS\n", page_what_is_at(r), (const void *)r, what,
		  __builtin_return_address(0));
#ifdef FURCA_DEBUG
	panic("refcount misuse");
#endif
}
