/*
 * mm/mapping.c: the page cache of one file: looking pages up, bringing them in, letting them go.
 * Reading and writing of bytes is in mapping_io.c, truncation in truncate.c, the index in mapping_index.c.
 *
 * A page that is in the index is up to date: it is filled first and put in afterwards, under mapping->lock.
 * Way in: faults (mapping_get, with mm->lock held for reading), file systems. Locks: mapping->lock, then pages_lock.
 * Errors: -EFAULT beyond the end of the file, -ENOMEM, -ENOSPC, -EIO.
 */
#include "mm/mapping_index.h"
#include "mm/mapping_io.h"
#include "sched/sched.h"
#include "task/task.h"
#include "base/errno.h"
#include "base/printk.h"

void mapping_init(struct mapping *m, void *host, const struct mapping_ops *ops, enum page_kind kind)
{
	*m = (struct mapping){ .host = host, .ops = ops, .kind = kind };
	mutex_init(&m->lock, RANK_MAPPING);
	spin_init(&m->pages_lock, RANK_MAPPING_PAGES);
	spin_init(&m->vma_lock, RANK_VMA_LIST);
	list_init(&m->mms);
}

static int charge(struct mapping *m, long pages)
{
	return m->ops && m->ops->charge ? m->ops->charge(m, pages) : 0;
}

/* Giving room back is never refused. */
static void uncharge(struct mapping *m)
{
	int err = charge(m, -1);

	ASSERT(!err);
}

void mapping_drop_pages_locked(struct mapping *m, u64 start, u64 end)
{
	struct page *p;

	while ((p = index_take(m, start, end)) != NULL) {
		uncharge(m);
		if (m->ops && m->ops->page_freed)
			m->ops->page_freed(m, p);
		page_put(p);
	}
}

void mapping_destroy(struct mapping *m)
{
	ASSERT(list_is_empty(&m->mms));
	mutex_lock(&m->lock);
	mapping_drop_pages_locked(m, 0, ~0UL);
	index_destroy(m);
	mutex_unlock(&m->lock);
}

struct page *mapping_peek(struct mapping *m, u64 index)
{
	struct page *p;

	spin_lock(&m->pages_lock);
	p = index_find(m, index);
	if (p)
		page_get(p);
	spin_unlock(&m->pages_lock);
	return p;
}

struct page *const *mapping_run(const struct mapping *m, u64 index, unsigned *n)
{
	u64 size = mapping_size_pages(m);

	if (index >= size)
		return NULL;
	*n = MIN(*n, size - index);
	return index_run(m, index, n);
}

int mapping_add_locked(struct mapping *m, u64 index, struct page *p)
{
	int err = charge(m, 1);

	if (err)
		return err;
	err = index_insert(m, index, p);
	if (err)
		uncharge(m);
	return err;
}

/* A new, filled page that is in the index, with a reference for the caller. */
static struct page *bring_in_locked(struct mapping *m, u64 index)
{
	bool must_read = m->ops && m->ops->read_page;
	struct page *p = must_read ? page_alloc(NODE_ANY, m->kind, 0) : page_alloc_zeroed(NODE_ANY, m->kind);
	int err;

	if (!p)
		return ERR_PTR(-ENOMEM);
	err = must_read ? m->ops->read_page(m, p, index) : 0;
	if (!err)
		err = mapping_add_locked(m, index, p);
	if (err) {
		page_put(p);
		return ERR_PTR(err);
	}
	page_get(p);
	return p;
}

static struct page *get_or_bring_in(struct mapping *m, u64 index, bool may_extend)
{
	struct page *p;

	if (unlikely(!may_extend && index >= mapping_size_pages(m)))
		return ERR_PTR(-EFAULT);	/* though a page may be there: FALLOC_FL_KEEP_SIZE */
	p = mapping_peek(m, index);
	if (p)
		return p;
	mutex_lock(&m->lock);
	p = mapping_peek(m, index);
	if (!p && !may_extend && index >= mapping_size_pages(m))
		p = ERR_PTR(-EFAULT);
	else if (!p)
		p = bring_in_locked(m, index);
	mutex_unlock(&m->lock);
	return p;
}

struct page *mapping_get(struct mapping *m, u64 index)
{
	return get_or_bring_in(m, index, false);
}

struct page *mapping_get_extending(struct mapping *m, u64 index)
{
	return get_or_bring_in(m, index, true);
}

int mapping_insert(struct mapping *m, u64 index, struct page *p)
{
	int err;

	mutex_lock(&m->lock);
	err = mapping_add_locked(m, index, p);
	mutex_unlock(&m->lock);
	return err;
}

int mapping_allocate(struct mapping *m, u64 start, u64 end)
{
	for (u64 i = start >> PAGE_SHIFT; i < ALIGN_UP(end, PAGE_SIZE) >> PAGE_SHIFT; i++) {
		struct page *p = fatal_signal_is_pending() ? ERR_PTR(-EINTR) : mapping_get_extending(m, i);

		if (IS_ERR(p))
			return PTR_ERR(p);
		page_put(p);
		sched_give_way();
	}
	return 0;
}

u64 mapping_seek(struct mapping *m, u64 pos, bool for_data)
{
	u64 index = pos >> PAGE_SHIFT, next = index;

	spin_lock(&m->pages_lock);
	if (for_data)
		next = index_next(m, &index) ? index : mapping_size_pages(m);
	else
		while (index_find(m, next))
			next++;
	spin_unlock(&m->pages_lock);
	pos = MAX(pos, next << PAGE_SHIFT);
	return MIN(pos, READ_ONCE(m->size_bytes));
}
