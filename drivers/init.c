/*
 * drivers/init.c: the drivers in the order in which they start.
 */
#include "drivers/drivers.h"
#include "drivers/random.h"

void drivers_init(void)
{
	work_init();
	random_init();
	serial_init();
	virtio_init();
}
