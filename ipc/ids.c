/*
 * ipc/ids.c: the table of a kind of System V objects: ids, keys, and who may do what. An id is the place in the table
 * and, above it, a sequence number that goes up each time the places start anew, so an id comes back late. Places are
 * given in a circle that is a little larger than what is in use, to keep the table small.
 * Way in: the *get and *ctl calls. Locks: ids->lock is held by the caller, but for ipc_get, which takes it.
 * Errors: as the calls'. Source: sysvipc(7), shmget(2), and ids as Linux 6.1 gives them.
 */
#include "ipc/ipc.h"
#include "base/errno.h"
#include "base/string.h"
#include "mm/slab.h"
#include "pid/pid.h"
#include "namespace/user.h"
#include "task/task.h"
#include <linux/capability.h>

#define PLACE_BITS 15
#define SEQUENCE_MAX (0x7fffffff >> PLACE_BITS)
#define CIRCLE_MIN 64		/* places in the smallest circle */

static int place_of(int id) { return id & (IPC_PLACES_MAX - 1); }

void ipc_ids_init(struct ipc_ids *ids)
{
	*ids = (struct ipc_ids){ .highest = -1, .last_place = -1, .next_id = -1 };
	mutex_init(&ids->lock, RANK_SYSV);
}

void ipc_ids_free(struct ipc_ids *ids)
{
	kfree(ids->places);
	ids->places = NULL;
}

/* -- keys -- */
static struct ipc_object *of_node(const struct rb_node *n) { return rb_entry(n, struct ipc_object, by_key); }
static bool key_less(const struct rb_node *a, const struct rb_node *b) { return of_node(a)->key < of_node(b)->key; }

static struct ipc_object *find_key(struct ipc_ids *ids, s32 key)
{
	struct rb_node *n = ids->keys.root;

	while (n && of_node(n)->key != key)
		n = key < of_node(n)->key ? n->left : n->right;
	return n ? of_node(n) : NULL;
}

void ipc_forget_key(struct ipc_ids *ids, struct ipc_object *o)
{
	if (o->key != IPC_PRIVATE)
		rb_remove(&ids->keys, &o->by_key);
	o->key = IPC_PRIVATE;
}

/* -- places -- */
static int grow(struct ipc_ids *ids, int place)
{
	int size = MAX(ids->size, CIRCLE_MIN);

	if (place < ids->size)
		return 0;
	while (size <= place)
		size *= 2;
	struct ipc_object **places = kzalloc(sizeof(*places) * (size_t)size);
	if (!places)
		return -ENOMEM;
	if (ids->size)
		memcpy(places, ids->places, sizeof(*places) * (size_t)ids->size);
	kfree(ids->places);
	ids->places = places;
	ids->size = size;
	return 0;
}

static int free_place(const struct ipc_ids *ids, int from, int end)
{
	while (from < end && from < ids->size && ids->places[from])
		from++;
	return from < end ? from : -1;
}

/* A free place and the sequence number that goes with it; there is one. */
static int choose_place(struct ipc_ids *ids)
{
	int end = MIN(MAX(ids->used * 3 / 2, CIRCLE_MIN), IPC_PLACES_MAX), place;

	if (ids->next_id >= 0) {
		place = free_place(ids, place_of(ids->next_id), IPC_PLACES_MAX);
		return place;
	}
	place = free_place(ids, ids->last_place + 1, end);
	return place < 0 ? free_place(ids, 0, end) : place;
}

static void take_place(struct ipc_ids *ids, struct ipc_object *o, int place)
{
	int sequence;

	if (ids->next_id >= 0) {
		sequence = ids->next_id >> PLACE_BITS;
		ids->next_id = -1;
	} else {
		if (place <= ids->last_place && ++ids->sequence >= SEQUENCE_MAX)
			ids->sequence = 0;
		ids->last_place = place;
		sequence = ids->sequence;
	}
	o->id = sequence << PLACE_BITS | place;
	ids->places[place] = o;
	ids->used++;
	ids->highest = MAX(ids->highest, place);
}

int ipc_add(struct ipc_ids *ids, struct ipc_object *o, s32 key, int flags, int limit)
{
	const struct cred *c = current_cred();

	if (ids->used >= MIN(limit, IPC_PLACES_MAX))
		return -ENOSPC;
	int place = choose_place(ids);
	if (place < 0)
		return -ENOSPC;
	int err = grow(ids, place);
	if (err)
		return err;
	o->uid = o->cuid = c->euid;
	o->gid = o->cgid = c->egid;
	o->mode = (u32)flags & IPC_MODE_BITS;
	o->key = key;
	take_place(ids, o, place);
	if (key != IPC_PRIVATE)
		rb_insert(&ids->keys, &o->by_key, key_less);
	return o->id;
}

void ipc_remove(struct ipc_ids *ids, struct ipc_object *o)
{
	ipc_forget_key(ids, o);
	ids->places[place_of(o->id)] = NULL;
	ids->used--;
	while (ids->highest >= 0 && !ids->places[ids->highest])
		ids->highest--;
}

struct ipc_object *ipc_at(struct ipc_ids *ids, int place)
{
	struct ipc_object *o = place >= 0 && place < ids->size ? ids->places[place] : NULL;
	return o ? o : ERR_PTR(-EINVAL);
}

struct ipc_object *ipc_find(struct ipc_ids *ids, int id)
{
	struct ipc_object *o = id >= 0 ? ipc_at(ids, place_of(id)) : ERR_PTR(-EINVAL);
	return IS_ERR(o) || o->id == id ? o : ERR_PTR(-EINVAL);
}

/* -- who may -- */
int ipc_may(const struct ipc_ns *ns, const struct ipc_object *o, unsigned ask)
{
	const struct cred *c = current_cred();
	unsigned wanted = (ask >> 6 | ask >> 3 | ask) & 7, granted = o->mode;

	if (c->euid == o->cuid || c->euid == o->uid)
		granted >>= 6;
	else if (cred_has_group(c, o->cgid) || cred_has_group(c, o->gid))
		granted >>= 3;
	return !(wanted & ~granted) || ipc_capable(ns, CAP_IPC_OWNER) ? 0 : -EACCES;
}

int ipc_may_change(const struct ipc_ns *ns, const struct ipc_object *o)
{
	u32 me = current_cred()->euid;
	return me == o->cuid || me == o->uid || ipc_capable(ns, CAP_SYS_ADMIN) ? 0 : -EPERM;
}

void ipc_fill_perm(const struct ipc_object *o, struct ipc64_perm *out)
{
	*out = (struct ipc64_perm){
		.key = o->key, .uid = uid_shown(o->uid), .gid = gid_shown(o->gid),
		.cuid = uid_shown(o->cuid), .cgid = gid_shown(o->cgid), .mode = o->mode,
		.seq = (unsigned short)(o->id >> PLACE_BITS),
	};
}

int ipc_set_perm(struct ipc_object *o, const struct ipc64_perm *in)
{
	u32 uid = uid_named(in->uid), gid = gid_named(in->gid);
	if (uid == NO_ID || gid == NO_ID)
		return -EINVAL;
	o->uid = uid;
	o->gid = gid;
	o->mode = (o->mode & ~IPC_MODE_BITS) | (in->mode & IPC_MODE_BITS);
	return 0;
}

/* -- the *get calls -- */
static long get_existing(const struct ipc_get_ops *ops, const struct ipc_ns *ns, const struct ipc_object *o, size_t size,
			 int flags)
{
	int err = 0;

	if ((flags & IPC_CREAT) && (flags & IPC_EXCL))
		return -EEXIST;
	if (ops->check)
		err = ops->check(o, size);
	if (!err)
		err = ipc_may(ns, o, (unsigned)flags);
	return err ? err : o->id;
}

long ipc_get(const struct ipc_get_ops *ops, s32 key, size_t size, int flags)
{
	struct ipc_ns *ns = current_ipc_ns();
	struct ipc_ids *ids = &ns->ids[ops->kind];
	long result;

	mutex_lock(&ids->lock);
	struct ipc_object *o = key == IPC_PRIVATE ? NULL : find_key(ids, key);
	if (o)
		result = get_existing(ops, ns, o, size, flags);
	else if (key != IPC_PRIVATE && !(flags & IPC_CREAT))
		result = -ENOENT;
	else
		result = ops->create(ns, key, size, flags);
	mutex_unlock(&ids->lock);
	return result;
}

/* -- small things -- */
void ipc_note_pid(struct pid **slot)
{
	struct pid *old = *slot;

	if (old == current->signal->pids[PID_TGID])
		return;
	*slot = current_process_name();
	pid_put(old);
}

int ipc_pid_seen(const struct pid *p) { return pid_last_number_in(p, current_pid_ns()); }
s64 ipc_now(void) { return (s64)(time_real_ns() / NSEC_PER_SEC); }
