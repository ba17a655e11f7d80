/*
 * cgroup/device.c: programs that are attached to control groups and say which devices their tasks may open and make.
 * All programs of a group judge, and then those of the groups above it, as far up as the lists allow more than one
 * (BPF_F_ALLOW_MULTI); of lists that hold one at most the nearest alone judges. One no is enough.
 *
 * Way in: bpf_call.c; inode_permission and mknod ask device_may; a group that goes forgets its list.
 * Locks: device_lock (spinlock, RANK_DEVICES) for all lists and ids; programs are short and run under it.
 * Errors: EPERM. Source: bpf(2), Linux's cgroup-v2 manual ("Device controller"), Linux 6.1's behaviour.
 */
#include "cgroup/cgroup.h"
#include "cgroup/device.h"
#include "cgroup/ebpf.h"
#include "base/errno.h"
#include "fs/vfs.h"
#include "mm/slab.h"
#include "sync/spinlock.h"
#include "task/task.h"

/* A program's place in a group's list. */
struct attachment {
	struct list node;
	struct ebpf_program *program;	/* reference */
};
SLAB_CACHE(attachment_cache, struct attachment);

static struct spinlock device_lock = SPINLOCK_INIT(RANK_DEVICES);
static struct list programs = LIST_INIT(programs);	/* all, by id. device_lock */
static u32 last_id;					/* device_lock */
atomic_t device_programs_attached;

/* -- programs by number ------------------------------------------------------------------------------------------- */
void ebpf_publish(struct ebpf_program *p)
{
	spin_lock(&device_lock);
	p->id = ++last_id;
	list_push_back(&programs, &p->node);
	spin_unlock(&device_lock);
}

struct ebpf_program *ebpf_find(u32 id)
{
	struct ebpf_program *p, *found = NULL;

	spin_lock(&device_lock);
	list_for_each(p, &programs, node) {
		if (p->id == id && refcount_inc_not_zero(&p->count))
			found = p;
	}
	spin_unlock(&device_lock);
	return found;
}

void ebpf_put(struct ebpf_program *p)
{
	if (!p || !refcount_dec(&p->count))
		return;
	spin_lock(&device_lock);
	list_remove(&p->node);
	spin_unlock(&device_lock);
	kfree(p);
}

/* -- the verdict -------------------------------------------------------------------------------------------------- */
/* The group above c whose programs judge c's tasks next, found being how many judge already; NULL: none. */
static struct cgroup *next_judge(struct cgroup *c, u32 found)
{
	while (c && (list_is_empty(&c->devices) || (found && !(c->device_flags & BPF_F_ALLOW_MULTI))))
		c = c->parent;
	return c;
}

static bool all_agree(struct cgroup *c, const struct bpf_cgroup_dev_ctx *question)
{
	u32 found = 0;

	for (c = next_judge(c, 0); c; c = next_judge(c->parent, found)) {
		struct attachment *a;

		list_for_each(a, &c->devices, node) {
			if (!ebpf_run(a->program, question))
				return false;
			found++;
		}
	}
	return true;
}

int device_judge(u32 mode, u64 rdev, unsigned access)
{
	struct bpf_cgroup_dev_ctx question = {
		.access_type = access << 16 | (S_ISBLK(mode) ? BPF_DEVCG_DEV_BLOCK : BPF_DEVCG_DEV_CHAR),
		.major = dev_major(rdev), .minor = dev_minor(rdev),
	};
	struct cgroup *c = task_get_cgroup(current);

	spin_lock(&device_lock);
	bool may = all_agree(c, &question);
	spin_unlock(&device_lock);
	cgroup_put(c);
	return may ? 0 : -EPERM;
}

/* -- attaching: under device_lock --------------------------------------------------------------------------------- */
/* What the groups above say of programs below theirs. */
static bool may_attach_below(const struct cgroup *c)
{
	for (c = c->parent; c; c = c->parent) {
		if (c->device_flags & BPF_F_ALLOW_MULTI)
			return true;
		if (!list_is_empty(&c->devices))
			return c->device_flags & BPF_F_ALLOW_OVERRIDE;
	}
	return true;
}

static struct attachment *find(const struct cgroup *c, const struct ebpf_program *p)
{
	struct attachment *a;

	list_for_each(a, &c->devices, node) {
		if (a->program == p)
			return a;
	}
	return NULL;
}

static struct attachment *only(const struct cgroup *c)
{
	return list_is_empty(&c->devices) ? NULL : list_first(&c->devices, struct attachment, node);
}

static u32 count_of(const struct cgroup *c)
{
	struct attachment *a;
	u32 n = 0;

	list_for_each(a, &c->devices, node)
		n++;
	return n;
}

/* May it come in; *place: the attachment that it takes over, or NULL: a new one. */
static int may_attach(struct cgroup *c, struct ebpf_program *p, struct ebpf_program *replaced, u32 flags,
		      struct attachment **place)
{
	u32 kept = flags & (BPF_F_ALLOW_OVERRIDE | BPF_F_ALLOW_MULTI);

	if (!may_attach_below(c) || (!list_is_empty(&c->devices) && c->device_flags != kept))
		return -EPERM;
	if (count_of(c) >= DEVICE_PROGRAMS_MAX)
		return -E2BIG;
	*place = flags & BPF_F_ALLOW_MULTI ? find(c, replaced) : only(c);
	if ((flags & BPF_F_ALLOW_MULTI) && p != replaced && find(c, p))
		return -EINVAL;
	return replaced && !*place ? -ENOENT : 0;
}

int device_attach(struct cgroup *c, struct ebpf_program *p, struct ebpf_program *replaced, u32 flags)
{
	struct attachment *fresh = slab_zalloc(&attachment_cache), *place = NULL;
	struct ebpf_program *old = NULL;

	if (!fresh)
		return -ENOMEM;
	spin_lock(&device_lock);
	int err = may_attach(c, p, replaced, flags, &place);
	if (!err) {
		refcount_inc(&p->count);
		c->device_flags = flags & (BPF_F_ALLOW_OVERRIDE | BPF_F_ALLOW_MULTI);
		if (!place) {
			place = fresh;
			fresh = NULL;
			list_push_back(&c->devices, &place->node);
			atomic_inc(&device_programs_attached);
		}
		old = place->program;
		place->program = p;
	}
	spin_unlock(&device_lock);
	if (fresh)
		slab_free(&attachment_cache, fresh);
	ebpf_put(old);
	return err;
}

/* a is out of its list. */
static void attachment_free(struct attachment *a)
{
	atomic_dec(&device_programs_attached);
	ebpf_put(a->program);
	slab_free(&attachment_cache, a);
}

int device_detach(struct cgroup *c, const struct ebpf_program *p)
{
	struct attachment *a = NULL;
	int err = 0;

	spin_lock(&device_lock);
	if (!(c->device_flags & BPF_F_ALLOW_MULTI))
		a = only(c);
	else if (p)
		a = find(c, p);
	else
		err = -EINVAL;
	if (a) {
		list_remove(&a->node);
		if (list_is_empty(&c->devices))
			c->device_flags = 0;
	}
	spin_unlock(&device_lock);
	if (a)
		attachment_free(a);
	return a || err ? err : -ENOENT;
}

void device_forget(struct cgroup *c)
{
	struct attachment *a, *next;

	list_for_each_safe(a, next, &c->devices, node) {
		list_remove(&a->node);
		attachment_free(a);
	}
}

/* -- asking ------------------------------------------------------------------------------------------------------- */
/* Writes c's ids behind the first n: how many there are then. */
static u32 list_ids(const struct cgroup *c, u32 *ids, u32 n, u32 max)
{
	struct attachment *a;

	list_for_each(a, &c->devices, node) {
		if (n < max)
			ids[n] = a->program->id;
		n++;
	}
	return n;
}

u32 device_query(struct cgroup *c, bool is_effective, u32 *ids, u32 max, u32 *flags)
{
	u32 n = 0;

	spin_lock(&device_lock);
	*flags = is_effective ? 0 : c->device_flags;
	if (!is_effective)
		n = list_ids(c, ids, 0, max);
	else
		for (c = next_judge(c, 0); c; c = next_judge(c->parent, n))
			n = list_ids(c, ids, n, max);
	spin_unlock(&device_lock);
	return n;
}
