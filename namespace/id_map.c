/*
 * namespace/id_map.c: which user, group and project ids a user namespace has, and what they are in the first one: the maps
 * of /proc/PID/{uid_map,gid_map,projid_map}, each written once and for all, and /proc/PID/setgroups.
 * A map is kept with the ids of the first namespace, so a translation is one step however deep the namespace lies.
 * Locks: user_ns_lock for writing; a map once published does not change while its namespace lives.
 * Errors: EPERM (who may write what), EINVAL (not a map), ENOMEM. Source: user_namespaces(7).
 */
#include "namespace/user.h"
#include "base/errno.h"
#include "base/string.h"
#include "mm/slab.h"
#include <linux/capability.h>

#define EXTENTS_MAX 340

int overflow_uid = 65534, overflow_gid = 65534;

struct mutex user_ns_lock = MUTEX_INIT(user_ns_lock, RANK_USER_NS);

static const struct id_map *map_of(const struct user_namespace *ns, enum id_kind kind)
{
	return __atomic_load_n(&ns->maps[kind], __ATOMIC_ACQUIRE);
}

u32 id_to_kernel_mapped(const struct user_namespace *ns, enum id_kind kind, u32 id)
{
	const struct id_map *m = map_of(ns, kind);

	for (u32 i = 0; m && i < m->n; i++)
		if (id - m->extents[i].first < m->extents[i].count)
			return m->extents[i].kernel + (id - m->extents[i].first);
	return NO_ID;
}

u32 id_from_kernel_mapped(const struct user_namespace *ns, enum id_kind kind, u32 id)
{
	const struct id_map *m = map_of(ns, kind);

	for (u32 i = 0; m && i < m->n; i++)
		if (id - m->extents[i].kernel < m->extents[i].count)
			return m->extents[i].first + (id - m->extents[i].kernel);
	return NO_ID;
}

/* The kernel's ids of a whole range of the namespace's: they must lie together. NO_ID: they do not. */
static u32 range_to_kernel(const struct user_namespace *ns, enum id_kind kind, u32 first, u32 count)
{
	const struct id_map *m = map_of(ns, kind);

	if (ns == &first_user_ns)
		return first;
	for (u32 i = 0; m && i < m->n; i++) {
		const struct id_extent *e = &m->extents[i];
		if (first - e->first < e->count && count <= e->count - (first - e->first))
			return e->kernel + (first - e->first);
	}
	return NO_ID;
}

/* -- parsing: lines of three numbers; until it is checked, `kernel` holds the parent's id -- */
static char *skip_blank(char *s)
{
	while (*s == ' ' || (*s >= '\t' && *s <= '\r'))
		s++;
	return s;
}

static bool parse_number(char **s, u32 *v)
{
	char *end, *start = skip_blank(*s);

	*v = (u32)strtou64(start, &end, 10);
	*s = end;
	return end != start;
}

static bool is_blank_or_end(char c) { return !c || c == ' ' || (c >= '\t' && c <= '\r'); }

static int parse_line(char *line, struct id_extent *e)
{
	if (!parse_number(&line, &e->first) || !*line || !is_blank_or_end(*line))
		return -EINVAL;
	if (!parse_number(&line, &e->kernel) || !*line || !is_blank_or_end(*line))
		return -EINVAL;
	if (!parse_number(&line, &e->count) || *skip_blank(line))
		return -EINVAL;
	if (e->first == NO_ID || e->kernel == NO_ID || e->first + e->count <= e->first || e->kernel + e->count <= e->kernel)
		return -EINVAL;
	return 0;
}

static bool ranges_overlap(u32 a, u32 b, u32 na, u32 nb) { return a - b < nb || b - a < na; }

static bool overlaps(const struct id_map *m, const struct id_extent *e)
{
	for (u32 i = 0; i < m->n; i++) {
		const struct id_extent *o = &m->extents[i];
		if (ranges_overlap(o->first, e->first, o->count, e->count) ||
		    ranges_overlap(o->kernel, e->kernel, o->count, e->count))
			return true;
	}
	return false;
}

static int parse(struct id_map *m, char *text)
{
	do {
		struct id_extent e;
		char *end = strchr(text, '\n'), *next = end && end[1] ? end + 1 : NULL;
		if (end)
			*end = 0;
		int err = parse_line(text, &e);
		if (err)
			return err;
		if (overlaps(m, &e) || m->n == EXTENTS_MAX)
			return -EINVAL;
		m->extents[m->n++] = e;
		text = next;
	} while (text);
	return 0;
}

/* -- who may write it -- */
/* To give the parent's root a name inside is to let it put capabilities on files there. */
static bool may_map_root(const struct user_namespace *ns, const struct cred *opener, const struct id_map *m)
{
	bool has_root = false;

	for (u32 i = 0; i < m->n; i++)
		has_root |= m->extents[i].kernel == 0;
	if (!has_root)
		return true;
	if (ns == opener->user_ns)
		return ns->maker_had_setfcap;
	return cred_ns_capable(opener, ns->parent, CAP_SETFCAP);
}

/* Without rights the maker may map its own id and nothing else; of groups only after giving setgroups up. */
static bool is_own_id(const struct user_namespace *ns, enum id_kind kind, const struct cred *opener, const struct id_map *m)
{
	if (m->n != 1 || m->extents[0].count != 1 || ns->uid != opener->euid)
		return false;
	u32 id = id_to_kernel(ns->parent, kind, m->extents[0].kernel);
	return kind == ID_USER ? id == opener->euid : kind == ID_GROUP && ns->is_setgroups_denied && id == opener->egid;
}

static bool may_map(struct user_namespace *ns, enum id_kind kind, const struct cred *opener, const struct id_map *m)
{
	int cap = kind == ID_USER ? CAP_SETUID : CAP_SETGID;

	if (kind == ID_USER && !may_map_root(ns, opener, m))
		return false;
	if (kind == ID_PROJECT || is_own_id(ns, kind, opener, m))
		return true;
	return ns_capable(ns->parent, cap) && cred_ns_capable(opener, ns->parent, cap);
}

static int map_to_kernel(const struct user_namespace *ns, enum id_kind kind, struct id_map *m)
{
	for (u32 i = 0; i < m->n; i++) {
		struct id_extent *e = &m->extents[i];
		e->kernel = range_to_kernel(ns->parent, kind, e->kernel, e->count);
		if (e->kernel == NO_ID)
			return -EPERM;
	}
	return 0;
}

static int map_write_locked(struct user_namespace *ns, enum id_kind kind, const struct cred *opener, char *text)
{
	if (ns->maps[kind] || (kind != ID_PROJECT && !cred_ns_capable(opener, ns, CAP_SYS_ADMIN)))
		return -EPERM;
	u32 lines = 1;
	for (const char *s = text; *s; s++)
		lines += *s == '\n';
	struct id_map *m = kzalloc(sizeof(*m) + MIN(lines, (u32)EXTENTS_MAX) * sizeof(m->extents[0]));
	if (!m)
		return -ENOMEM;
	int err = parse(m, text);
	if (!err && !may_map(ns, kind, opener, m))
		err = -EPERM;
	if (!err)
		err = map_to_kernel(ns, kind, m);
	if (err)
		kfree(m);
	else
		__atomic_store_n(&ns->maps[kind], m, __ATOMIC_RELEASE);
	return err;
}

int id_map_write(struct user_namespace *ns, enum id_kind kind, const struct cred *opener, char *text)
{
	if (!ns->parent || (opener->user_ns != ns && opener->user_ns != ns->parent))
		return -EPERM;
	mutex_lock(&user_ns_lock);
	int err = map_write_locked(ns, kind, opener, text);
	mutex_unlock(&user_ns_lock);
	return err;
}

/* -- setgroups -- */
/* Groups may stand for "not these": who could not drop one before must not be able to inside. So it can be denied for good,
 * before the groups have names. */
int user_ns_set_setgroups(struct user_namespace *ns, bool is_allowed)
{
	mutex_lock(&user_ns_lock);
	bool may = is_allowed ? !ns->is_setgroups_denied : !ns->maps[ID_GROUP];
	if (may && !is_allowed)
		ns->is_setgroups_denied = true;
	mutex_unlock(&user_ns_lock);
	return may ? 0 : -EPERM;
}

bool user_ns_may_setgroups(struct user_namespace *ns)
{
	return map_of(ns, ID_GROUP) && !READ_ONCE(ns->is_setgroups_denied);
}
