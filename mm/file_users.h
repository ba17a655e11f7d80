/*
 * mm/file_users.h: who maps a file; for mm/ only. See file_users.c.
 */
#ifndef MM_FILE_USERS_H
#define MM_FILE_USERS_H
#include "mm/mm.h"

/* The address spaces that forks made from one another, each behind the one it was made from. */
struct mm_family {
	refcount_t count;	/* members and mapping users */
	struct mutex lock;	/* RANK_MM_FAMILY */
	struct list members;	/* of mm->family_node; lock */
	u64 last_walk;		/* a hint only: the walk that came by last */
};

/* One mmap() of a file, in all address spaces of a family. */
struct mapping_user {
	refcount_t count;		/* regions in distinct leaf nodes; creator */
	struct file *file;		/* reference */
	struct mapping *mapping;	/* borrowed from file, or NULL: a device without a page cache */
	struct mm_family *family;	/* reference */
	bool is_writable;		/* shared and may be written: counted in mapping->writable_mappings */
	bool is_library;		/* a part of it was mapped to be run: its data will be relocated. Never cleared */
	struct list link;		/* in mapping->mms; mapping->vma_lock */
	u64 last_walk;			/* mapping->vma_lock */
	struct mapping_user *next_dead;
};

/* With one count for the caller. ERR_PTR: -ENOMEM, -EPERM: the file may not be mapped writable now (sealed). */
struct mapping_user *mapping_user_new(struct mm *mm, struct file *file, bool is_writable);
void mapping_user_get(struct mapping_user *u);
void mapping_user_put(struct mapping_user *u, struct mapping_user **dead);
void mapping_users_free(struct mapping_user *dead);	/* the whole chain; may sleep; no lock is held */

/* Calls fn for each address space that may map m, its lock held for writing. The caller holds the inode's lock (one
 * walk of a mapping at a time) and no lock of an mm. */
void mapping_walk_mms(struct mapping *m, void (*fn)(struct mm *mm, void *arg), void *arg);
#endif
