/* exec/core.h: core files: what a process leaves when a signal ends it. core.c decides and names, core_elf.c writes. */
#ifndef EXEC_CORE_H
#define EXEC_CORE_H
#include "signal/signal.h"
#include "base/types.h"

#define CORE_PATTERN_BYTES 128
#define CORE_FILTER_ALL 0x1ffu
#define CORE_FILTER_DEFAULT 0x33u	/* mm->core_filter: the bits of /proc/PID/coredump_filter */

extern char core_pattern[CORE_PATTERN_BYTES];	/* tasklist_lock */
extern int core_uses_pid;

/* One core file being written. */
struct core_file {
	struct file *file;	/* borrowed */
	const struct signal_info *info;
	loff pos;
	u64 limit;		/* RLIMIT_CORE */
	struct task **threads;	/* borrowed: the others */
	u32 thread_count;
	bool is_hole;		/* the last thing was no write */
	bool has_failed;
};
/* The group's other threads are held. True: a core was begun, if perhaps not finished. */
bool core_write_elf(struct core_file *c);

/* current takes a signal that ends its group: the other threads die, first held so that their registers can be seen. Sets
 * the group's end, with 0x80 in its code if a core was written. The caller goes on to task_exit_group. */
void core_dump(const struct signal_info *info);
/* At the very beginning of t's death: holds it while its group's core is written. */
void core_hold(struct task *t);
#endif
