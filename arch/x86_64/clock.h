/* arch/x86_64/clock.h: the page that the clock lives in; see vdso_data.h. time.c writes it. */
#ifndef X86_CLOCK_H
#define X86_CLOCK_H
#include "vdso_data.h"

union clock_page {
	struct vdso_data data;
	u8 page[4096];
};
extern union clock_page clock_page;
#endif
