/*
 * drivers/drivers.h: start of the drivers, and the work list: a bottom half for what interrupt handlers may not do.
 */
#ifndef DRIVERS_DRIVERS_H
#define DRIVERS_DRIVERS_H
#include "base/types.h"
#include "base/list.h"

/* The 16550 as the kernel log's console; no memory is needed. After arch_init_traps(). */
void serial_early_init(void);
/* All drivers, terminals included: after fs_init(), in a context that may sleep once the scheduler runs. */
void drivers_init(void);

/* Work: a function that runs soon, in a kernel task that may sleep. */
struct work;
typedef void (*work_fn)(struct work *w);
struct work {
	struct list node;	/* in the list of work, or empty; work_lock */
	work_fn fn;
};
void work_prepare(struct work *w, work_fn fn);
void work_queue(struct work *w);	/* any context, interrupts included; once however often it is called before it runs */

/* The value of the kernel parameter key= on the command line, from the last time it is there: copied into buf; false:
 * not there. Words after "--" are init's. drivers/param.c */
bool boot_param(const char *key, char *buf, size_t size);
/* Calls fn for each key=value in order. */
void boot_param_each(const char *key, void (*fn)(const char *value, void *arg), void *arg);
#endif
