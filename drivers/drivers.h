/*
 * drivers/drivers.h: start of the drivers, and the work list: a bottom half for what interrupt handlers may not do.
 */
#ifndef DRIVERS_DRIVERS_H
#define DRIVERS_DRIVERS_H
#include "base/types.h"
#include "base/list.h"

/* All drivers: after fs_init() and tty_init(), in a task that may sleep. */
void drivers_init(void);
void serial_init(void);			/* ttyS0 */
void virtio_init(void);			/* finds the virtio devices and starts their drivers */
void work_init(void);

/* Work: a function that runs soon, in a kernel task that may sleep. */
struct work;
typedef void (*work_fn)(struct work *w);
struct work {
	struct list node;	/* in the list of work, or empty; work_lock */
	work_fn fn;
};
void work_prepare(struct work *w, work_fn fn);
void work_queue(struct work *w);	/* any context, interrupts included; once however often it is called before it runs */
#endif
