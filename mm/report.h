/*
 * mm/report.h: an address space in words, for /proc/PID/{maps,smaps,smaps_rollup,status,statm}. See report.c.
 */
#ifndef MM_REPORT_H
#define MM_REPORT_H
#include "mm/mm.h"

/* With usage, and of the rollup: the caller holds a census (mm/census.h). */
#define MM_REPORT_BUFFER 8192	/* room for any one region */

/* Writes the regions from address *next on (0: the first), as many as fit whole; *next moves on. with_usage: as smaps.
 * Bytes; 0: there are no more; -ENOMEM. size: MM_REPORT_BUFFER at least. No lock is held; may sleep. */
ssize_t mm_report_regions(struct mm *mm, uptr *next, char *buf, size_t size, bool with_usage);
size_t mm_report_rollup(struct mm *mm, char *buf, size_t size);
size_t mm_report_status(struct mm *mm, char *buf, size_t size);	/* the lines VmPeak to VmSwap */
size_t mm_report_statm(struct mm *mm, char *buf, size_t size);
/* The first region at or above addr that maps a file: its ends, and a reference to the file. NULL: there is none. */
struct file *mm_report_next_file(struct mm *mm, uptr addr, uptr *start, uptr *end);
/* n entries of /proc/PID/pagemap from page va on; with frame numbers only for those who may see them. */
void mm_report_pagemap(struct mm *mm, uptr va, u64 *entries, size_t n, bool with_frames);
/* Every page counts as not accessed from now on: those of anonymous memory, of files, or of both. 0 or -ENOMEM. */
int __must_check mm_forget_accessed(struct mm *mm, bool anon, bool files);
void mm_forget_peak(struct mm *mm);	/* VmHWM begins anew */
#endif
