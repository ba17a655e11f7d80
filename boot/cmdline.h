/* boot/cmdline.h: the kernel's command line; see cmdline.c. */
#ifndef BOOT_CMDLINE_H
#define BOOT_CMDLINE_H
#include "base/types.h"
/* The value of "name=value" (the last one wins) into buf; false: not there. "name" alone gives an empty value. */
bool cmdline_get(const char *name, char *buf, size_t size);
/* Calls fn for each value of name (for words that may come several times: virtio_mmio.device=). */
void cmdline_for_each(const char *name, void (*fn)(const char *value));
void cmdline_parse(void);	/* splits boot_info.cmdline; what we do not know goes to init's argv and environment */
extern const char *init_argv[], *init_envp[];
#endif
