/* boot/cpus.h: see cpus.c. */
#ifndef BOOT_CPUS_H
#define BOOT_CPUS_H
void cpus_start(void);
#endif
