/* namespace/uts.h: the system's names; see uts_ns.c. */
#ifndef NAMESPACE_UTS_H
#define NAMESPACE_UTS_H
#include "namespace/namespace.h"
#include "sync/spinlock.h"
#include <linux/utsname.h>
struct uts_ns {
	struct ns ns;
	struct spinlock lock;		/* RANK_TASK */
	struct new_utsname name;	/* under lock */
};
extern struct uts_ns first_uts_ns;
struct uts_ns *current_uts_ns(void);	/* borrowed from current's set */
/* A copy of the names that current sees. */
void uts_get(struct new_utsname *out);
#endif
