/*
 * mm/recount.c: the counts of tables and frames, recomputed. Each table is walked once, when its first parent is met, and
 * counts its parents; each frame counts the leaf entries that lead to it. Then every record of RAM is compared, so that a
 * count of something that no table leads to is found as well.
 * Way in: debug/recount.c, with the machine stopped. Locks: none. Errors: the first difference, in struct recount.
 */
#include "mm/recount.h"
#include "mm/table.h"

static void differ(struct recount *r, const struct page *p, const char *what, long kept, long counted)
{
	if (r->what)
		return;
	r->what = what;
	r->page = p;
	r->kept = kept;
	r->counted = counted;
}

static bool is_frame(const struct page *p) { return p->kind == PAGE_ANON || p->kind == PAGE_FILE || p->kind == PAGE_SHMEM; }
static long counted_of(const struct recount *r, const struct page *p)
{
	return p->census.round == r->round ? (long)p->census.mappers : 0;
}

/* One entry more leads to p; true: the first. */
static bool count_entry(struct recount *r, struct page *p)
{
	bool is_first = p->census.round != r->round;

	p->census.mappers = is_first ? 1 : p->census.mappers + 1;
	p->census.round = r->round;
	return is_first;
}

static void count_leaf(struct recount *r, pte_t e, bool is_borrowed)
{
	struct page *p = pte_page(e);

	if (pte_is_special(e))
		return;
	if (is_borrowed) {
		if (p->kind == PAGE_ANON)
			differ(r, p, "a borrowed page is of kind", p->kind, PAGE_FILE);
		return;
	}
	if (!is_frame(p)) {
		differ(r, p, "a leaf leads to what is no user page", p->kind, PAGE_ANON);
		return;
	}
	r->frames += count_entry(r, p);
	if (pte_is_writable(e) && !pte_is_shared(e) && (p->kind != PAGE_ANON || atomic_read(&p->mapcount) != 1))
		differ(r, p, "a private entry is writable, its page is mapped by", atomic_read(&p->mapcount), 1);
}

static void count_table(struct recount *r, struct page *t, int level)
{
	const pte_t *entries = table_entries(t);
	unsigned n = level == ROOT_LEVEL ? PT_ROOT_USER_ENTRIES : PT_ENTRIES;

	if (t->kind != PAGE_TABLE || t->table.level != level) {
		differ(r, t, "a table's level", t->kind == PAGE_TABLE ? t->table.level : -1, level);
		return;
	}
	if (!count_entry(r, t))
		return;
	r->tables++;
	if (!level && t->table.lender)
		count_table(r, table_lender(t), 0);
	for (unsigned i = 0; i < n; i++) {
		pte_t e = pte_read(&entries[i]);

		if (pte_is_empty(e))
			continue;
		if (level == 0) {
			count_leaf(r, e, table_borrowed(t) >> i / PT_GROUP & 1);
			continue;
		}
		if (pte_is_writable(e) && refcount_read(&pte_page(e)->count) != 1)
			differ(r, pte_page(e), "an entry is writable, its table has parents",
			       refcount_read(&pte_page(e)->count), 1);
		count_table(r, pte_page(e), level - 1);
	}
}

void recount_root(struct recount *r, struct page *root) { count_table(r, root, ROOT_LEVEL); }

/* A frame may be held by others than entries: by its file's page cache, which is one, and by any number of pins. */
static void compare_frame(struct recount *r, const struct page *p)
{
	int mapped = atomic_read(&p->mapcount), count = refcount_read(&p->count);
	bool is_cached = count && p->kind != PAGE_ANON && p->file.mapping;

	if (mapped != counted_of(r, p))
		differ(r, p, "a frame's mapcount", mapped, counted_of(r, p));
	if (count < mapped + is_cached)
		differ(r, p, "a frame's count is less than its holders", count, mapped + is_cached);
}

void recount_compare(struct recount *r)
{
	for (u64 pfn = page_next_record(1); pfn; pfn = page_next_record(pfn + 1)) {
		const struct page *p = pfn_to_page(pfn);

		if (p->kind == PAGE_TABLE && refcount_read(&p->count) != counted_of(r, p))
			differ(r, p, "a table's parents", refcount_read(&p->count), counted_of(r, p));
		else if (is_frame(p))
			compare_frame(r, p);
	}
}
