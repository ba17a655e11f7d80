/*
 * fs/fd_table.h: the body of the room "files": which descriptor names which open file. A body is shared by the handles
 * (struct files) that fork made from one another until one of them writes; then the writer takes a copy of its own.
 * The count says how many handles show it; it rises only under the lock of a handle that shows it, so a handle that
 * holds its lock and sees count 1 may write in place. No other state than the table lives here.
 */
#ifndef FS_FD_TABLE_H
#define FS_FD_TABLE_H
#include "base/types.h"
#include "base/atomic.h"

struct file;
#define FD_INLINE 64		/* descriptors that fit without arrays of their own */

struct fd_table {
	refcount_t count;
	u32 capacity;			/* a multiple of 64 */
	u32 reserved;			/* open bits with no file behind them yet: such a table is never shared */
	bool has_cloexec;		/* some close-on-exec bit may be set */
	u64 *open, *cloexec;		/* bitmaps of capacity bits */
	struct file **files;		/* references; NULL where reserved or free */
	u64 inline_open[1], inline_cloexec[1];
	struct file *inline_files[FD_INLINE];
};

/* Empty, count 1, for capacity descriptors at least. NULL: out of memory. */
struct fd_table *fd_table_new(u32 capacity);
/* A body of its own with the files of from (each with one reference more) and room for capacity. Reserved numbers are
 * left out, and so are close-on-exec ones when is_exec. NULL: out of memory. */
struct fd_table *fd_table_copy(const struct fd_table *from, u32 capacity, bool is_exec);
/* Frees the body alone, or closes all files in it first. */
void fd_table_free(struct fd_table *t);
void fd_table_close_all(struct fd_table *t);
static inline bool fd_table_bit(const u64 *map, u32 n) { return map[n / 64] >> n % 64 & 1; }
static inline void fd_table_set(u64 *map, u32 n) { map[n / 64] |= 1UL << n % 64; }
static inline void fd_table_clear(u64 *map, u32 n) { map[n / 64] &= ~(1UL << n % 64); }
/* The first free number at or above from; it may lie beyond the capacity. */
u32 fd_table_first_free(const struct fd_table *t, u32 from);
/* The first open number at or above from, or capacity. */
u32 fd_table_next_open(const struct fd_table *t, u32 from);
/* One more than the highest open number: what a copy must hold. */
u32 fd_table_used(const struct fd_table *t);
static inline struct file *fd_table_get(const struct fd_table *t, u32 fd)
{
	return fd < t->capacity ? READ_ONCE(t->files[fd]) : NULL;
}
#endif
