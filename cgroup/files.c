/*
 * cgroup/files.c: the files of a group: what each says and takes. Text is made at the first read and kept for the open file;
 * a write is one command. A file whose contents changed wakes those who poll it with POLLPRI.
 * Locks: cgroup_mutex and tasklist_lock, taken by each function. Errors: ENODEV for a group that is gone; EINVAL, ERANGE,
 * EOPNOTSUPP, EBUSY, ESRCH, EACCES, EPERM. Source: Linux's cgroup-v2 manual.
 */
#include "cgroup/node.h"
#include "fs/notify.h"
#include "namespace/cgroup_ns.h"
#include "base/printk.h"
#include "base/string.h"
#include "mm/slab.h"
#include "mm/user_access.h"
#include <linux/eventpoll.h>

#define SETTLE_NS (10 * 1000000UL)

/* -- numbers -- */
/* A whole number, any base, perhaps negative. -EINVAL, -ERANGE. */
static int number_parse(const char *text, long *v)
{
	char *end;
	bool is_negative = *text == '-';
	const char *digits = text + (is_negative || *text == '+');
	u64 n = strtou64(digits, &end, 0);
	if (end == digits || *end)
		return -EINVAL;
	if (n > CGROUP_NO_LIMIT)
		return -ERANGE;
	*v = is_negative ? -(long)n : (long)n;
	return 0;
}

static int switch_parse(const char *text, bool *on)
{
	long v;
	int err = number_parse(text, &v);
	if (err)
		return err;
	*on = v;
	return v < 0 || v > 1 ? -ERANGE : 0;
}

/* A limit, or "max". */
static int limit_parse(const char *text, int *limit)
{
	long v = CGROUP_NO_LIMIT;
	int err = strcmp(text, "max") ? number_parse(text, &v) : 0;
	if (err)
		return err;
	*limit = (int)v;
	return v < 0 ? -ERANGE : 0;
}

static int show_limit(struct text *t, int v, int none)
{
	if (v == none)
		text_print(t, "max\n");
	else
		text_print(t, "%d\n", v);
	return 0;
}

/* -- members -- */
static bool is_listed_locked(const struct task *t, struct cgroup *c, bool processes)
{
	struct cgroup *of = task_cgroup_locked(t);
	if (!processes)
		return of == c && t->exit_state == EXIT_NONE;
	/* a process is where its leader is; those of a threaded subtree belong to its domain */
	return of->dom == c && task_is_leader(t) && (t->exit_state == EXIT_NONE || atomic_read(&t->signal->live));
}

/* The numbers of the members into out, as many as fit; how many there are. */
static size_t members_collect(struct cgroup *c, bool processes, int *out, size_t room)
{
	struct task *process, *thread;
	size_t n = 0;
	unsigned long flags = spin_lock_irqsave(&tasklist_lock);
	list_for_each(process, &all_processes, all_node)
		list_for_each(thread, &process->signal->thread_list, thread_node)
			if (is_listed_locked(thread, c, processes)) {
				if (n < room)
					out[n] = task_tid_seen(thread);
				n++;
			}
	spin_unlock_irqrestore(&tasklist_lock, flags);
	return n;
}

static int show_members(struct text *t, struct cgroup *c, bool processes)
{
	size_t room = 0, n;
	int *numbers = NULL;
	while ((n = members_collect(c, processes, numbers, room)) > room) {
		kfree(numbers);
		room = n + n / 4 + 8;
		numbers = kmalloc(room * sizeof(*numbers));
		if (!numbers)
			return -ENOMEM;
	}
	for (size_t i = 0; i < n; i++)
		text_print(t, "%d\n", numbers[i]);
	kfree(numbers);
	return 0;
}

static int show_procs(struct text *t, struct cgroup *c)
{
	return cgroup_is_threaded(c) ? -EOPNOTSUPP : show_members(t, c, true);
}

static int show_threads(struct text *t, struct cgroup *c) { return show_members(t, c, false); }

static int move_checked(struct task *t, struct cgroup *to, const struct file *f, bool is_group)
{
	struct cgroup *from = task_get_cgroup(t);
	mutex_lock(&cgroup_mutex);
	int err = to->is_dead ? -ENODEV : cgroup_may_move(f, from, to, cgroup_ns_root_of(f));
	if (!err)
		err = cgroup_may_host(to);
	if (!err && !is_group && from->dom != to->dom)
		err = -EOPNOTSUPP;
	if (!err)
		cgroup_move(t, to, is_group);
	mutex_unlock(&cgroup_mutex);
	cgroup_put(from);
	return err;
}

static bool is_settled(const struct cgroup *c) { return !READ_ONCE(c->freeze_depth) || READ_ONCE(c->is_frozen); }

/* Who comes to a frozen group gets a moment to freeze there, so that who moved it finds the group as it was: Linux's movers
 * sleep as well, while it makes sure that nobody forks. */
static void let_settle(const struct cgroup *c)
{
	static struct waitqueue nobody_wakes = WAITQUEUE_INIT(nobody_wakes);
	if (is_settled(c))
		return;
	for (u64 end = time_now_ns() + SETTLE_NS, now; !is_settled(c) && (now = time_now_ns()) < end;)
		if (wait_event_interruptible_until(&nobody_wakes, false, MIN(now + SETTLE_NS / 10, end)) != -ETIME)
			return;
}

static int write_member(struct cgroup *c, const struct file *f, const char *text, bool is_group)
{
	long number;
	if (number_parse(text, &number) || number < 0)
		return -EINVAL;
	struct task *t = number ? task_find((int)number) : task_get(current);
	if (!t)
		return -ESRCH;
	int err = t->flags & PF_KTHREAD ? -EINVAL : move_checked(t, c, f, is_group);
	if (!err && t != current)
		let_settle(c);
	task_put(t);
	return err;
}

static int write_procs(struct cgroup *c, const struct file *f, char *text) { return write_member(c, f, text, true); }
static int write_threads(struct cgroup *c, const struct file *f, char *text) { return write_member(c, f, text, false); }

/* -- the tree -- */
static int show_type(struct text *t, struct cgroup *c)
{
	unsigned long flags = spin_lock_irqsave(&tasklist_lock);
	const char *name = cgroup_type_name(c);
	spin_unlock_irqrestore(&tasklist_lock, flags);
	text_print(t, "%s\n", name);
	return 0;
}

static int write_type(struct cgroup *c, const struct file *f, char *text)
{
	if (strcmp(text, "threaded"))
		return -EINVAL;
	mutex_lock(&cgroup_mutex);
	int err = c->is_dead ? -ENODEV : cgroup_make_threaded(c);
	mutex_unlock(&cgroup_mutex);
	return err;
}

static int show_controllers(struct text *t, struct cgroup *c)
{
	if (cgroup_is_root(c) || cgroup_has_pids(c))
		text_print(t, "pids\n");
	return 0;
}

static int show_subtree_control(struct text *t, struct cgroup *c)
{
	if (c->has_pids_below)
		text_print(t, "pids\n");
	return 0;
}

static int write_subtree_control(struct cgroup *c, const struct file *f, char *text)
{
	return cgroup_control_write(c, text);
}

static int show_max_descendants(struct text *t, struct cgroup *c)
{
	return show_limit(t, c->max_descendants, CGROUP_NO_LIMIT);
}

static int show_max_depth(struct text *t, struct cgroup *c) { return show_limit(t, c->max_depth, CGROUP_NO_LIMIT); }

static int write_limit(int *limit, const char *text)
{
	int v, err = limit_parse(text, &v);
	if (err)
		return err;
	mutex_lock(&cgroup_mutex);
	*limit = v;
	mutex_unlock(&cgroup_mutex);
	return 0;
}

static int write_max_descendants(struct cgroup *c, const struct file *f, char *text)
{
	return write_limit(&c->max_descendants, text);
}

static int write_max_depth(struct cgroup *c, const struct file *f, char *text)
{
	return write_limit(&c->max_depth, text);
}


static int show_stat(struct text *t, struct cgroup *c)
{
	text_print(t, "nr_descendants %d\nnr_dying_descendants %d\n", c->descendants, atomic_read(&c->dying));
	return 0;
}

/* -- events, freezing, killing -- */
static int show_events(struct text *t, struct cgroup *c)
{
	unsigned long flags = spin_lock_irqsave(&tasklist_lock);
	bool is_populated = cgroup_is_populated(c), is_frozen = c->is_frozen;
	spin_unlock_irqrestore(&tasklist_lock, flags);
	text_print(t, "populated %d\nfrozen %d\n", is_populated, is_frozen);
	return 0;
}

static int show_freeze(struct text *t, struct cgroup *c)
{
	text_print(t, "%d\n", c->is_freeze_set);
	return 0;
}

static int write_freeze(struct cgroup *c, const struct file *f, char *text)
{
	bool on;
	int err = switch_parse(text, &on);
	if (err)
		return err;
	mutex_lock(&cgroup_mutex);
	unsigned long flags = spin_lock_irqsave(&tasklist_lock);
	if (!c->is_dead)
		cgroup_freeze_set_locked(c, on);
	spin_unlock_irqrestore(&tasklist_lock, flags);
	mutex_unlock(&cgroup_mutex);
	return 0;
}

static int write_kill(struct cgroup *c, const struct file *f, char *text)
{
	bool on;
	int err = switch_parse(text, &on);
	if (err || !on)
		return err ? err : -ERANGE;
	if (cgroup_is_threaded(c))
		return -EOPNOTSUPP;
	cgroup_kill(c);
	return 0;
}

/* -- pids -- */
static int show_pids_current(struct text *t, struct cgroup *c)
{
	text_print(t, "%d\n", READ_ONCE(c->pids));
	return 0;
}

static int show_pids_peak(struct text *t, struct cgroup *c)
{
	text_print(t, "%d\n", READ_ONCE(c->pids_peak));
	return 0;
}

static int show_pids_max(struct text *t, struct cgroup *c)
{
	return show_limit(t, READ_ONCE(c->pids_max), PIDS_NO_LIMIT);
}

static int write_pids_max(struct cgroup *c, const struct file *f, char *text)
{
	long v = PIDS_NO_LIMIT;
	if (strcmp(text, "max") && (number_parse(text, &v) || v < 0 || v >= PIDS_NO_LIMIT))
		return -EINVAL;
	WRITE_ONCE(c->pids_max, (int)v);
	return 0;
}

static int show_pids_events(struct text *t, struct cgroup *c)
{
	text_print(t, "max %lu\n", (unsigned long)READ_ONCE(c->pids_refused));
	return 0;
}

const struct cgroup_row cgroup_rows[] = {
	{ "cgroup.controllers", 0444, 0, show_controllers },
	{ "cgroup.events", 0444, ROW_NOT_ON_ROOT, show_events },
	{ "cgroup.freeze", 0644, ROW_NOT_ON_ROOT, show_freeze, write_freeze },
	{ "cgroup.kill", 0200, ROW_NOT_ON_ROOT, NULL, write_kill },
	{ "cgroup.max.depth", 0644, 0, show_max_depth, write_max_depth },
	{ "cgroup.max.descendants", 0644, 0, show_max_descendants, write_max_descendants },
	{ "cgroup.procs", 0644, ROW_DELEGATABLE, show_procs, write_procs },
	{ "cgroup.stat", 0444, 0, show_stat },
	{ "cgroup.subtree_control", 0644, ROW_DELEGATABLE, show_subtree_control, write_subtree_control },
	{ "cgroup.threads", 0644, ROW_DELEGATABLE, show_threads, write_threads },
	{ "cgroup.type", 0644, ROW_NOT_ON_ROOT, show_type, write_type },
	{ "pids.current", 0444, ROW_NOT_ON_ROOT | ROW_OF_PIDS, show_pids_current },
	{ "pids.events", 0444, ROW_NOT_ON_ROOT | ROW_OF_PIDS, show_pids_events },
	{ "pids.max", 0644, ROW_NOT_ON_ROOT | ROW_OF_PIDS, show_pids_max, write_pids_max },
	{ "pids.peak", 0444, ROW_NOT_ON_ROOT | ROW_OF_PIDS, show_pids_peak },
	{},
};

/* -- the open file -- */
struct cgroup_open {
	struct text text;
	bool is_made;
	u32 changes_seen;
	struct cgroup_ns *ns;		/* reference: the opener's */
};

struct cgroup *cgroup_ns_root_of(const struct file *f) { return ((struct cgroup_open *)f->private)->ns->root; }

void cgroup_notify_locked(struct cgroup_node *n)
{
	if (!n)
		return;
	n->changes++;
	notify_inode(n->inode, IN_MODIFY);
	wake_up_poll(&n->poll, EPOLLPRI | EPOLLERR);
}

static int node_open(struct inode *i, struct file *f)
{
	const struct cgroup_node *n = i->private;
	struct cgroup_open *o = kzalloc(sizeof(*o));
	if (!o)
		return -ENOMEM;
	o->ns = current_cgroup_ns();
	ns_get(&o->ns->ns);
	o->changes_seen = READ_ONCE(n->changes);
	f->private = o;
	return 0;
}

static void node_release(struct file *f)
{
	struct cgroup_open *o = f->private;
	text_free(&o->text);
	ns_put(&o->ns->ns);
	kfree(o);
}

static int text_make(struct cgroup_open *o, const struct cgroup_node *n)
{
	o->changes_seen = READ_ONCE(n->changes);
	o->text.used = 0;
	int err = n->row->show(&o->text, n->cgroup);
	if (!err && o->text.out_of_memory)
		err = -ENOMEM;
	o->is_made = !err;
	o->text.out_of_memory = false;
	return err;
}

static ssize_t node_read(struct file *f, uptr buf, size_t size, loff *pos)
{
	struct cgroup_open *o = f->private;
	const struct cgroup_node *n = f->inode->private;
	if (!f->inode->nlink)
		return -ENODEV;
	int err = !n->row->show ? -EINVAL : o->is_made && *pos ? 0 : text_make(o, n);
	if (err)
		return err;
	if ((u64)*pos >= o->text.used)
		return 0;
	size = MIN(size, o->text.used - (size_t)*pos);
	if (copy_to_user(buf, o->text.buf + *pos, size))
		return -EFAULT;
	*pos += (loff)size;
	return (ssize_t)size;
}

static bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

/* The text without white space around. */
static char *strip(char *s)
{
	size_t n = strlen(s);
	while (n && is_space(s[n - 1]))
		s[--n] = 0;
	while (is_space(*s))
		s++;
	return s;
}

static ssize_t node_write(struct file *f, uptr buf, size_t size, loff *pos)
{
	const struct cgroup_node *n = f->inode->private;
	struct cgroup_ns *ns = ((struct cgroup_open *)f->private)->ns;
	if (!size)
		return 0;
	if (size >= PAGE_SIZE)
		return -E2BIG;
	if (!f->inode->nlink)
		return -ENODEV;
	if (!n->row->write)
		return -EINVAL;
	if (cgroup_ns_delegate && !(n->row->flags & ROW_DELEGATABLE) && ns != &first_cgroup_ns && ns->root == n->cgroup)
		return -EPERM;
	char *text = kzalloc(size + 1);
	if (!text)
		return -ENOMEM;
	int err = copy_from_user(text, buf, size) ? -EFAULT : n->row->write(n->cgroup, f, strip(text));
	kfree(text);
	if (err)
		return err;
	*pos += (loff)size;
	return (ssize_t)size;
}

static unsigned node_poll(struct file *f, struct poll_table *pt)
{
	struct cgroup_node *n = f->inode->private;
	struct cgroup_open *o = f->private;
	const unsigned always = EPOLLIN | EPOLLOUT | EPOLLRDNORM | EPOLLWRNORM;
	poll_wait(f, &n->poll, pt);
	return READ_ONCE(n->changes) != o->changes_seen ? always | EPOLLPRI | EPOLLERR : always;
}

static loff node_seek(struct file *f, loff off, int whence)
{
	if (whence == 1)
		off += f->pos;
	if ((whence != 0 && whence != 1) || off < 0)
		return -EINVAL;
	return f->pos = off;
}

const struct file_ops cgroup_file_fops = {
	.open = node_open,
	.keeps_state = true,
	.read = node_read,
	.write = node_write,
	.poll = node_poll,
	.seek = node_seek,
	.release = node_release,
};
