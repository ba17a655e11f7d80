/*
 * exec/core.c: a signal whose default action leaves a core file has come: may there be one, where, and who waits.
 *
 *   core_dump      the thread that took the signal: decides the group's end, waits until every other thread is held in
 *                  core_hold (so that none changes what is written), writes, lets them go
 *   core_hold      every dying thread passes here first
 *
 * No file is left by a process that is not dumpable, has an RLIMIT_CORE below a page, or is at the end of an exec or of its
 * group already. SIGKILL ends the writing, and then nothing says that there is a core.
 * Locks: sighand->lock for signal->core. Errors: none are told: there is no core then.
 * Source: core(5), signal(7), wait(2) (WCOREDUMP).
 * Differences from Linux: a pattern that begins with '|' is refused when it is set: the kernel starts no programs.
 */
#include "exec/core.h"
#include "signal/internal.h"
#include "task/cred.h"
#include "arch/arch.h"
#include "base/printk.h"
#include "base/string.h"
#include "fs/internal.h"
#include "mm/mm.h"
#include "mm/slab.h"
#include "namespace/uts.h"
#include <linux/resource.h>

#define NAME_BYTES 512

char core_pattern[CORE_PATTERN_BYTES] = "core";
int core_uses_pid;

/* -- the other threads -- */

static struct waitqueue core_news = WAITQUEUE_INIT(core_news);	/* a thread is held; a core is done */

void core_hold(struct task *t)
{
	unsigned long flags = spin_lock_irqsave(&t->sighand->lock);
	struct core_dump *c = t->signal->core;
	bool is_held = c && c->dumper != t;

	t->flags |= PF_POSTCORE;
	if (is_held) {
		t->flags |= PF_DUMPCORE;
		WRITE_ONCE(c->running, c->running - 1);
	}
	spin_unlock_irqrestore(&t->sighand->lock, flags);
	if (!is_held)
		return;
	wake_up_all(&core_news);
	wait_event(&core_news, !READ_ONCE(t->signal->core));
}

/* False: the group's end was decided before. From here on the others die: so many. */
static bool begin(struct core_dump *c, int sig, u32 *others)
{
	struct task *t = current, *other;
	unsigned long flags = spin_lock_irqsave(&t->sighand->lock);
	bool may = !t->signal->is_group_exiting && !t->signal->group_exec_task;

	if (may) {
		list_for_each(other, &t->signal->thread_list, thread_node) {
			if (other != t && !(other->flags & PF_POSTCORE))
				c->running++;
		}
		*others = (u32)c->running;
		t->signal->core = c;
		t->signal->is_group_exiting = true;
		t->signal->group_exit_code = sig;
		signal_kill_others_locked(t);
		task_clear_work(t, WORK_SIGNAL);	/* what is pending does not disturb the writing */
	}
	spin_unlock_irqrestore(&t->sighand->lock, flags);
	return may;
}

static void end(bool is_dumped)
{
	unsigned long flags = spin_lock_irqsave(&current->sighand->lock);

	if (is_dumped && !sig_in(current->pending.set, SIGKILL))
		current->signal->group_exit_code |= 0x80;
	WRITE_ONCE(current->signal->core, NULL);
	spin_unlock_irqrestore(&current->sighand->lock, flags);
	wake_up_all(&core_news);
}

/* The held threads, each off its CPU so that its registers are where they are looked for. Owned; NULL: no memory. */
static struct task **wait_until_held(struct core_dump *c, u32 n, u32 *count)
{
	struct task *t, **held;
	unsigned long flags;

	wait_event(&core_news, READ_ONCE(c->running) == 0);
	*count = 0;
	held = kzalloc(MAX(n, 1u) * sizeof(*held));
	if (!held)
		return NULL;
	flags = spin_lock_irqsave(&current->sighand->lock);
	list_for_each(t, &current->signal->thread_list, thread_node) {
		if (t != current && (t->flags & PF_DUMPCORE) && *count < n)
			held[(*count)++] = t;
	}
	spin_unlock_irqrestore(&current->sighand->lock, flags);
	for (u32 i = 0; i < *count; i++)
		sched_wait_off_cpu(held[i]);
	return held;
}

/* -- the name -- */

struct name { char *buf; size_t used; bool has_pid; };

/* Text of the process's own making stays one component of the path. */
static void put_safely(struct name *n, const char *s)
{
	size_t start = n->used;

	n->used += scnprintf(n->buf + n->used, NAME_BYTES - n->used, "%s", s);
	if (!strcmp(n->buf + start, ".") || !strcmp(n->buf + start, ".."))
		n->buf[start] = '!';
	for (size_t i = start; i < n->used; i++) {
		if (n->buf[i] == '/')
			n->buf[i] = '!';
	}
}

static void put_number(struct name *n, s64 v)
{
	n->used += scnprintf(n->buf + n->used, NAME_BYTES - n->used, "%ld", (long)v);
}

static void put_program(struct name *n, bool is_whole_path)
{
	struct file *f = current->mm->exe_file;
	char *buf = kmalloc(PATH_BYTES), *path = buf && f ? path_format(&f->path, buf, PATH_BYTES) : NULL;
	const char *slash;

	if (!path || IS_ERR(path))
		path = current->comm;
	slash = strrchr(path, '/');
	put_safely(n, !is_whole_path && slash ? slash + 1 : path);
	kfree(buf);
}

static void put_hostname(struct name *n)
{
	struct new_utsname names;

	uts_get(&names);
	put_safely(n, names.nodename);
}

static void put_specifier(struct name *n, char what, const struct signal_info *info)
{
	const struct cred *c = current->cred;

	switch (what) {
	case 'p':
		n->has_pid = true;
		put_number(n, task_tgid_seen(current));
		break;
	case 'P': put_number(n, current->tgid); break;
	case 'i': put_number(n, task_tid_seen(current)); break;
	case 'I': put_number(n, current->tid); break;
	case 'u': put_number(n, c->uid); break;
	case 'g': put_number(n, c->gid); break;
	case 'd': put_number(n, current->mm->dumpable); break;
	case 's': put_number(n, info->si_signo); break;
	case 't': put_number(n, time_real_ns() / (s64)NSEC_PER_SEC); break;
	case 'c': put_number(n, (s64)current_limit(RLIMIT_CORE)); break;
	case 'h': put_hostname(n); break;
	case 'e': put_safely(n, current->comm); break;
	case 'f': put_program(n, false); break;
	case 'E': put_program(n, true); break;
	case '%': put_safely(n, "%"); break;
	default: break;		/* what nobody knows is left out */
	}
}

/* Owned; NULL: no memory, or a pattern that gives no name. */
static char *core_name(const struct signal_info *info)
{
	struct name n = { .buf = kzalloc(NAME_BYTES) };
	char pattern[CORE_PATTERN_BYTES];
	unsigned long flags;

	if (!n.buf)
		return NULL;
	flags = spin_lock_irqsave(&tasklist_lock);
	strlcpy(pattern, core_pattern, sizeof(pattern));
	spin_unlock_irqrestore(&tasklist_lock, flags);
	for (const char *p = pattern; *p; p++) {
		if (*p != '%')
			n.used += scnprintf(n.buf + n.used, NAME_BYTES - n.used, "%c", *p);
		else if (*++p)
			put_specifier(&n, *p, info);
		else
			break;
	}
	if (core_uses_pid && !n.has_pid)
		n.used += scnprintf(n.buf + n.used, NAME_BYTES - n.used, ".%d", task_tgid_seen(current));
	if (n.used && n.used < NAME_BYTES - 1)
		return n.buf;
	kfree(n.buf);
	return NULL;
}

/* -- the file -- */

/* A fresh file of the user's own: what had the name goes, and no link is followed. */
static struct file *open_core(const struct signal_info *info)
{
	char *name = core_name(info);
	struct file *f;

	if (!name)
		return ERR_PTR(-ENOMEM);
	(void)!vfs_unlink(AT_FDCWD, name);
	f = file_open(name, O_CREAT | O_WRONLY | O_NOFOLLOW | O_LARGEFILE | O_EXCL, 0600);
	kfree(name);
	if (IS_ERR(f))
		return f;
	if (inode_is_reg(f->inode) && f->inode->uid == current->cred->fsuid)
		return f;
	file_put(f);
	return ERR_PTR(-EACCES);
}

static bool write_core(const struct signal_info *info, struct task **held, u32 count)
{
	struct core_file c = { .info = info, .limit = current_limit(RLIMIT_CORE), .threads = held, .thread_count = count };
	bool is_begun;

	if (c.limit < PAGE_SIZE || !held)
		return false;
	c.file = open_core(info);
	if (IS_ERR(c.file))
		return false;
	is_begun = core_write_elf(&c);
	file_put(c.file);
	return is_begun;
}

void core_dump(const struct signal_info *info)
{
	struct core_dump c = { .dumper = current };
	struct task **held;
	u32 others, count;

	if (!current->mm || current->mm->dumpable != 1 || !begin(&c, info->si_signo, &others))
		return;
	current->flags |= PF_DUMPCORE;
	held = wait_until_held(&c, others, &count);
	arch_thread_save();
	end(write_core(info, held, count));
	kfree(held);
	current->flags &= ~(u64)PF_DUMPCORE;
}
