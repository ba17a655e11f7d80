/* What the two halves of the accounting test share: orders that the observer sends, and what a subject answers. */
#ifndef ACCOUNT_H
#define ACCOUNT_H
#include <stddef.h>

#define PAGE 4096ul
#define SUBJECTS 12
#define REGIONS 16
#define ORDERS_FD(who) (100 + 2 * (who))
#define ANSWERS_FD(who) (101 + 2 * (who))

/* How a region is mapped: the order's `kind`. */
enum kind { ANON_PRIVATE, ANON_SHARED, FILE_PRIVATE, FILE_SHARED, MEMFD_PRIVATE, MEMFD_SHARED, NO_RESERVE, POPULATED, GUARD };

enum what {
	NOTHING, MAP, UNMAP, READ, WRITE, PROTECT, REMAP, ADVISE, LOCK, UNLOCK, BREAK, STACK, TRUNCATE, FORK, VFORK, THREAD, EXEC, EXIT, WAIT
};

struct order {
	int what;
	int region;		/* of MAP .. UNLOCK */
	int other;		/* kind, protection, advice, or the new subject's number */
	long first, count;	/* pages */
};

struct answer {
	long result;		/* 0, a process number, or -errno */
	unsigned long start, bytes;	/* of the order's region, as it is now */
	long minor, most_kb, child_minor, child_most_kb;	/* getrusage */
};

void subject_run(int who);	/* takes orders till the end of the process */
extern const char *const account_files[2];	/* on a file system; in memory without a name: made by the observer */
#endif
