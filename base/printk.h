/*
 * base/printk.h: the kernel log, formatted printing, and the end of the world.
 * Way in: log_*() from any context, interrupts included. Messages go to the ring (syslog(2), /dev/kmsg) and, below the
 * console level, to the console. Locks: the ring's own lock, RANK_LOG, the last of all.
 * Formats: C's %d %i %u %x %X %o %c %s %p %% with flags, width, precision and hh h l ll z;
 * %pS prints a code address as symbol+offset.
 */
#ifndef BASE_PRINTK_H
#define BASE_PRINTK_H
#include "base/types.h"

enum log_level { LOG_EMERG, LOG_ALERT, LOG_CRIT, LOG_ERR, LOG_WARNING, LOG_NOTICE, LOG_INFO, LOG_DEBUG };

void log_write(enum log_level level, const char *fmt, ...) __printf(2, 3);
#define log_error(...) log_write(LOG_ERR, __VA_ARGS__)
#define log_warn(...) log_write(LOG_WARNING, __VA_ARGS__)
#define log_info(...) log_write(LOG_INFO, __VA_ARGS__)
#define log_debug(...) log_write(LOG_DEBUG, __VA_ARGS__)

extern int log_console_level; /* messages with a level below this number reach the console: 7, or 4 with "quiet" */
/* The console's raw output: set by the first console driver (arch's early serial port). */
void log_set_console(void (*write)(const char *s, size_t n));
/* Records from number *seq on as "<6>[    1.234567] text" lines into buf (kernel memory), as many as fit whole (a
 * first one that does not is cut); returns bytes, advances *seq. */
size_t log_read(u64 *seq, char *buf, size_t size);
struct log_record { enum log_level level; u64 time_ns, seq; size_t length; };
/* The record *seq (or the oldest after it) and its text, terminated; advances *seq. False: no such record yet. */
bool log_read_record(u64 *seq, struct log_record *info, char *text, size_t size);
/* debug/panic.c: from now on nobody else runs, locks are not taken; and the console, past the log. */
void log_panic_begin(void);
void log_console_raw(const char *s, size_t n);
u64 log_first_seq(void);
u64 log_end_seq(void);

/* Format into buf, always terminated when size > 0; return the length that was wanted (as C's snprintf). */
int vsnprintf(char *buf, size_t size, const char *fmt, va_list ap);
int snprintf(char *buf, size_t size, const char *fmt, ...) __printf(3, 4);
/* As snprintf, but returns what was written (so that it can be added to an offset). */
int scnprintf(char *buf, size_t size, const char *fmt, ...) __printf(3, 4);

/* Prints why, the call trace and the registers, and ends the machine. debug/panic.c */
void panic(const char *fmt, ...) __printf(1, 2) __noreturn;
/* A code address as "name+0x12"; returns the length. debug/symbols.c */
int symbol_format(char *buf, size_t size, unsigned long addr);
void dump_stack(void);
struct task;
void dump_task(struct task *t);		/* its name, state and, unless it runs, its call trace */

#define BUG_ON(cond) do { if (unlikely(cond)) panic("%s:%d: %s", __FILE__, __LINE__, #cond); } while (0)
#ifdef FURCA_DEBUG
#define ASSERT(cond) BUG_ON(!(cond))
#else
#define ASSERT(cond) ((void)sizeof(!(cond)))
#endif
#endif
