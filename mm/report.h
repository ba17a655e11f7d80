/*
 * mm/report.h: an address space in words, for /proc/PID/{maps,smaps,smaps_rollup,status,statm}. See report.c.
 */
#ifndef MM_REPORT_H
#define MM_REPORT_H
#include "mm/mm.h"

#define MM_REPORT_BUFFER 8192	/* room for any one region */

/* Writes the regions from address *next on (0: the first), as many as fit whole; *next moves on. with_usage: as smaps.
 * Bytes; 0: there are no more; -ENOMEM. size: MM_REPORT_BUFFER at least. No lock is held; may sleep. */
ssize_t mm_report_regions(struct mm *mm, uptr *next, char *buf, size_t size, bool with_usage);
size_t mm_report_rollup(struct mm *mm, char *buf, size_t size);
size_t mm_report_status(struct mm *mm, char *buf, size_t size);	/* the lines VmPeak to VmSwap */
size_t mm_report_statm(struct mm *mm, char *buf, size_t size);
#endif
