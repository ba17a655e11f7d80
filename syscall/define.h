/*
 * syscall/define.h: system calls are functions `long sys_NAME(args)` whose prototypes, table and argument kinds are made
 * from syscalls.tbl. A function returns its result or -errno. A call not in the table is -ENOSYS and named in the log.
 */
#ifndef SYSCALL_DEFINE_H
#define SYSCALL_DEFINE_H
#include "base/types.h"
#include "base/errno.h"
#include "syscalls.h"	/* generated: prototypes */
struct syscall_row { const char *name; u8 args; const char *kinds; };
typedef long (*syscall_fn)(u64, u64, u64, u64, u64, u64);
extern const syscall_fn syscall_table[];
extern const struct syscall_row syscall_rows[];
extern const unsigned syscall_count;
long syscall_none(u64 a, u64 b, u64 c, u64 d, u64 e, u64 f);	/* what stands in the table where there is no call */
void syscall_note_missing(unsigned nr);	/* names it in the log, once */
#endif
