/* namespace/account.h: what each user of each user namespace has, and how much that may be; see account.c. */
#ifndef NAMESPACE_ACCOUNT_H
#define NAMESPACE_ACCOUNT_H
#include "base/atomic.h"
#include "base/list.h"
#include "base/types.h"

struct user_namespace;

enum account_item {
	ACCOUNT_PROCESSES,		/* RLIMIT_NPROC */
	ACCOUNT_SIGNALS,		/* RLIMIT_SIGPENDING */
	ACCOUNT_LOCKED_PAGES,		/* RLIMIT_MEMLOCK: of System V shared memory */
	ACCOUNT_MQUEUE_BYTES,		/* RLIMIT_MSGQUEUE: what POSIX message queues may come to hold */
	ACCOUNT_LIMITED,		/* those before have a resource limit */
	ACCOUNT_USER_NS = ACCOUNT_LIMITED, ACCOUNT_PID_NS, ACCOUNT_UTS_NS, ACCOUNT_IPC_NS, ACCOUNT_NET_NS, ACCOUNT_MOUNT_NS,
	ACCOUNT_CGROUP_NS, ACCOUNT_TIME_NS, ACCOUNT_INOTIFY_INSTANCES, ACCOUNT_INOTIFY_WATCHES, ACCOUNT_ITEMS
};

struct user_account {
	refcount_t count;
	struct list node;		/* accounts_lock */
	struct user_namespace *ns;	/* reference */
	u32 uid;
	atomic_t files_in_flight;	/* in AF_UNIX messages nobody has received yet */
	atomic_t items[ACCOUNT_ITEMS];	/* the user's own, and those of all in the namespaces it made */
};

/* The account of a user (real uid) in ns, made if there is none. A reference; NULL: out of memory. */
struct user_account *account_get(struct user_namespace *ns, u32 uid);
void account_put(struct user_account *a);	/* NULL accepted */
void account_add(struct user_account *a, enum account_item item, int n);
/* With `more` of them, has the user more than limit, or the maker of its namespace more than it could have when it made it,
 * and so on? */
bool account_is_over(const struct user_account *a, enum account_item item, int more, u64 limit);
/* One more, if that stays within what each namespace allows. 0 or -ENOSPC. */
int __must_check account_take(struct user_account *a, enum account_item item);
#endif
