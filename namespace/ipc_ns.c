/*
 * namespace/ipc_ns.c: IPC namespaces: a new one is empty and has the limits that the system starts with. Its end frees
 * every object in it.
 * Locks: none; at the end nobody else holds it. Errors: ENOMEM. Source: ipc_namespaces(7).
 */
#include "namespace/ipc.h"
#include "namespace/user.h"
#include "ipc/ipc.h"
#include "mm/slab.h"
#include "task/task.h"
#include "base/errno.h"
#include <linux/msg.h>
#include <linux/sched.h>
#include <linux/sem.h>

#define SHM_SEGMENTS 4096		/* SHMMNI; linux/shm.h cannot be had here, it wants the C library */
#define SHM_NO_LIMIT (~0UL - (1UL << 24))	/* SHMMAX, SHMALL */

SLAB_CACHE(ipc_ns_cache, struct ipc_ns);

static struct ns *ipc_ns_copy(struct ns *from, const struct ns_request *req);
static void ipc_ns_destroy(struct ns *ns);
static const struct ns_ops ipc_ns_ops = {
	.name = "ipc", .flag = CLONE_NEWIPC, .copy = ipc_ns_copy, .destroy = ipc_ns_destroy,
};

#define IDS_INIT(ids) { .lock = MUTEX_INIT(ids.lock, RANK_SYSV), .highest = -1, .last_place = -1, .next_id = -1 }
#define LIMITS_INIT \
	.sem_per_set = SEMMSL, .sem_all = SEMMNS, .sem_ops = SEMOPM, .sem_sets = SEMMNI, \
	.msg_bytes_max = MSGMAX, .msg_queue_bytes = MSGMNB, .msg_queues = MSGMNI, \
	.mq = { .queues_max = 256, .messages_max = 10, .bytes_max = 8192, .messages_default = 10, .bytes_default = 8192 }, \
	.shm_bytes_max = SHM_NO_LIMIT, .shm_pages_max = SHM_NO_LIMIT, .shm_segments = SHM_SEGMENTS

struct ipc_ns first_ipc_ns = {
	.ns = { .count = REFCOUNT_INIT(1), .inode = 0xefffffff, .ops = &ipc_ns_ops, .owner = &first_user_ns },
	.ids = { IDS_INIT(first_ipc_ns.ids[0]), IDS_INIT(first_ipc_ns.ids[1]), IDS_INIT(first_ipc_ns.ids[2]) },
	LIMITS_INIT,
};

static struct ipc_ns *ipc_ns_of(struct ns *ns) { return container_of(ns, struct ipc_ns, ns); }
struct ipc_ns *current_ipc_ns(void) { return ipc_ns_of(current->ns->of[NS_IPC]); }
bool ipc_capable(const struct ipc_ns *ns, int cap) { return ns_capable(ns->ns.owner, cap); }

static struct ns *ipc_ns_copy(struct ns *from, const struct ns_request *req)
{
	struct ipc_ns *i = slab_alloc(&ipc_ns_cache);

	if (!i)
		return ERR_PTR(-ENOMEM);
	*i = (struct ipc_ns){ LIMITS_INIT };
	int err = ns_init(&i->ns, &ipc_ns_ops, req->owner);
	if (err) {
		slab_free(&ipc_ns_cache, i);
		return ERR_PTR(err);
	}
	for (int k = 0; k < IPC_KINDS; k++)
		ipc_ids_init(&i->ids[k]);
	return &i->ns;
}

static void ipc_ns_destroy(struct ns *ns)
{
	struct ipc_ns *i = ipc_ns_of(ns);

	mqueue_ns_ends(i);
	sem_free_all(i);
	msg_free_all(i);
	shm_free_all(i);
	for (int k = 0; k < IPC_KINDS; k++)
		ipc_ids_free(&i->ids[k]);
	ns_uninit(ns);
	slab_free(&ipc_ns_cache, i);
}
