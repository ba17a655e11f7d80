/*
 * mm/file_users.c: who maps a file: how truncation finds every address space, at no cost to fork.
 *
 * The address spaces that fork made from one another are a family; each child stands behind its parent. A file's
 * mapping lists one mapping user for each mmap() call, and a user names the family, not the address space. The leaf
 * nodes of the region trees hold the counts of the users, so a fork, which copies no leaf, counts nothing and lists nothing: it
 * links the child into the family.
 * A walk keeps family->lock, so nobody joins while it runs. A child that joined before is seen after its parent: the
 * parent's lock, which the walk takes, is released by fork only when the child's tables are there to be seen.
 *
 * Way in: mapping_user_* from mmap and the region tree; mm_family_* from mm_new, mm_copy and the teardown;
 * mapping_walk_mms from truncation. Locks: family->lock, then mm->lock; mapping->vma_lock for the list of users.
 * Errors: -ENOMEM, -EPERM.
 */
#include "mm/file_users.h"
#include "mm/slab.h"
#include "fs/vfs.h"
#include "base/errno.h"
#include "base/printk.h"

static SLAB_CACHE(mm_family_cache, struct mm_family);
static SLAB_CACHE(mapping_user_cache, struct mapping_user);

/* -- families --------------------------------------------------------------------------------------------------- */
int mm_family_start(struct mm *mm)
{
	struct mm_family *f = slab_zalloc(&mm_family_cache);

	if (!f)
		return -ENOMEM;
	refcount_set(&f->count, 1);
	mutex_init(&f->lock, RANK_MM_FAMILY);
	list_init(&f->members);
	list_push_back(&f->members, &mm->family_node);
	mm->family = f;
	return 0;
}

static void family_put(struct mm_family *f)
{
	if (!refcount_dec(&f->count))
		return;
	ASSERT(list_is_empty(&f->members));
	slab_free(&mm_family_cache, f);
}

void mm_family_join(struct mm *child, struct mm *parent)
{
	struct mm_family *f = parent->family;

	refcount_inc(&f->count);
	child->family = f;
	mutex_lock(&f->lock);
	list_push_front(&parent->family_node, &child->family_node);
	mutex_unlock(&f->lock);
}

void mm_family_leave(struct mm *mm)
{
	struct mm_family *f = mm->family;

	if (!f)
		return;
	mutex_lock(&f->lock);
	list_remove(&mm->family_node);
	mutex_unlock(&f->lock);
	mm->family = NULL;
	family_put(f);
}

/* -- users ------------------------------------------------------------------------------------------------------ */
bool mapping_map_writable(struct mapping *m)
{
	int n = atomic_read(&m->writable_mappings);

	while (n >= 0 && !atomic_cas(&m->writable_mappings, n, n + 1))
		n = atomic_read(&m->writable_mappings);
	return n >= 0;
}

void mapping_unmap_writable(struct mapping *m)
{
	atomic_dec(&m->writable_mappings);
}

bool mapping_deny_writable(struct mapping *m)
{
	int n = atomic_read(&m->writable_mappings);

	while (n <= 0 && !atomic_cas(&m->writable_mappings, n, n - 1))
		n = atomic_read(&m->writable_mappings);
	return n <= 0;
}

struct mapping_user *mapping_user_new(struct mm *mm, struct file *file, bool is_writable)
{
	struct mapping *m = file->inode ? file->inode->mapping : NULL;
	struct mapping_user *u = slab_zalloc(&mapping_user_cache);

	if (!u)
		return ERR_PTR(-ENOMEM);
	if (m && is_writable && !mapping_map_writable(m)) {
		slab_free(&mapping_user_cache, u);
		return ERR_PTR(-EPERM);
	}
	refcount_set(&u->count, 1);
	refcount_inc(&mm->family->count);
	u->file = file_get(file);
	u->mapping = m;
	u->family = mm->family;
	u->is_writable = is_writable;
	list_init(&u->link);
	if (m) {
		spin_lock(&m->vma_lock);
		list_push_back(&m->mms, &u->link);
		spin_unlock(&m->vma_lock);
	}
	return u;
}

void mapping_user_get(struct mapping_user *u)
{
	refcount_inc(&u->count);
}

void mapping_user_put(struct mapping_user *u, struct mapping_user **dead)
{
	if (!refcount_dec(&u->count))
		return;
	u->next_dead = *dead;
	*dead = u;
}

static void mapping_user_free(struct mapping_user *u)
{
	struct mapping *m = u->mapping;

	if (m) {
		spin_lock(&m->vma_lock);
		list_remove(&u->link);
		spin_unlock(&m->vma_lock);
		if (u->is_writable)
			mapping_unmap_writable(m);
	}
	family_put(u->family);
	file_put(u->file);
	slab_free(&mapping_user_cache, u);
}

void mapping_users_free(struct mapping_user *dead)
{
	while (dead) {
		struct mapping_user *u = dead;

		dead = u->next_dead;
		mapping_user_free(u);
	}
}

void mm_write_unlock(struct mm *mm)
{
	struct mapping_user *dead = mm->vmas.dead;

	mm->vmas.dead = NULL;
	mm->last_fault = NULL;
	rw_write_unlock(&mm->lock);
	mapping_users_free(dead);
	pt_check_sometimes(mm);
}

/* -- walks ------------------------------------------------------------------------------------------------------ */
/* A reference to a family that walk id has not seen yet, or NULL. Users that were seen go to the end of the list. */
static struct mm_family *next_family(struct mapping *m, u64 id)
{
	struct mm_family *found = NULL;

	spin_lock(&m->vma_lock);
	while (!found && !list_is_empty(&m->mms)) {
		struct mapping_user *u = list_first(&m->mms, struct mapping_user, link);

		if (u->last_walk == id)
			break;
		u->last_walk = id;
		list_remove(&u->link);
		list_push_back(&m->mms, &u->link);
		if (READ_ONCE(u->family->last_walk) == id)
			continue;
		WRITE_ONCE(u->family->last_walk, id);
		refcount_inc(&u->family->count);
		found = u->family;
	}
	spin_unlock(&m->vma_lock);
	return found;
}

void mapping_walk_mms(struct mapping *m, void (*fn)(struct mm *mm, void *arg), void *arg)
{
	static atomic_long_t walks;
	u64 id = atomic_inc_return(&walks);
	struct mm_family *f;

	while ((f = next_family(m, id)) != NULL) {
		struct mm *mm;

		mutex_lock(&f->lock);
		list_for_each(mm, &f->members, family_node) {
			rw_write_lock(&mm->lock);
			fn(mm, arg);
			rw_write_unlock(&mm->lock);
		}
		mutex_unlock(&f->lock);
		family_put(f);
	}
}
