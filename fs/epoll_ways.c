/*
 * fs/epoll_ways.c: epolls inside epolls: how deep, and by how many ways. An event of a file goes up every way there is, with
 * interrupts off: so their number has a limit for each length. A walk goes through no epoll twice: it leaves its number and
 * what it found there.
 * Way in: epoll_ctl. Locks: epoll_mutex is held. Errors: none of its own; epoll_ctl's are ELOOP and EINVAL.
 * Source: epoll_ctl(2); the limits are Linux 6.1's.
 */
#include "fs/epoll.h"

static u32 walk;		/* the number of the one under way. epoll_mutex */

/* -- how deep -- */
/* How many epolls nest from ep downwards, itself one of them; more than the limit if target is among them (a circle). */
static int depth_below(struct epoll *ep, const struct epoll *target)
{
	int deepest = 0;

	if (ep == target)
		return EPOLL_DEPTH_MAX + 1;
	if (ep->walk == walk)
		return ep->depth;
	for (struct rb_node *n = rb_first(&ep->items); n; n = rb_next(n)) {
		struct epoll *inner = epoll_of(rb_entry(n, struct item, node)->file);
		if (inner)
			deepest = MAX(deepest, depth_below(inner, target));
	}
	ep->walk = walk;
	ep->depth = deepest + 1;
	return ep->depth;
}

/* How many epolls already watch ep from the outside, one in the other. */
static int depth_above(struct epoll *ep)
{
	struct item *it;
	int deepest = 0;

	if (ep->walk == walk)
		return ep->depth;
	list_for_each(it, &ep->file->epoll_links, file_node)
		deepest = MAX(deepest, depth_above(it->epoll) + 1);
	ep->walk = walk;
	ep->depth = deepest;
	return deepest;
}

bool epoll_is_too_deep(struct epoll *ep, struct file *file)
{
	struct epoll *inner = epoll_of(file);

	if (!inner)
		return false;
	walk++;
	int below = depth_below(inner, ep);
	if (below >= EPOLL_DEPTH_MAX)
		return true;
	walk++;
	return below + depth_above(ep) >= EPOLL_DEPTH_MAX;
}

/* -- how many ways -- */
/* How many ways may lead from a file, by the number of epolls above the first. To that itself there may be any number. */
static const int ways_max[EPOLL_DEPTH_MAX] = { 0, 500, 100, 50, 10 };

static bool ways_exceed(const struct file *f, int above, int count[EPOLL_DEPTH_MAX])
{
	struct item *it;

	if (above >= EPOLL_DEPTH_MAX)
		return true;
	list_for_each(it, &f->epoll_links, file_node) {
		const struct file *up = it->epoll->file;
		bool exceed = list_is_empty(&up->epoll_links) ? above && ++count[above] > ways_max[above] :
			      ways_exceed(up, above + 1, count);
		if (exceed)
			return true;
	}
	return false;
}

/* Of file, or of all that are below it. */
static bool has_too_many(struct file *file)
{
	struct epoll *ep = epoll_of(file);
	int count[EPOLL_DEPTH_MAX] = { 0 };

	if (!ep)
		return ways_exceed(file, 0, count);
	if (ep->walk == walk)
		return false;
	ep->walk = walk;
	for (struct rb_node *n = rb_first(&ep->items); n; n = rb_next(n)) {
		if (has_too_many(rb_entry(n, struct item, node)->file))
			return true;
	}
	return false;
}

bool epoll_has_too_many_ways(struct epoll *ep, struct file *file)
{
	if (!epoll_of(file) && list_is_empty(&ep->file->epoll_links))
		return false;
	walk++;
	return has_too_many(file);
}
