/*
 * fs/proc/id_maps.c: /proc/PID/{uid_map,gid_map,projid_map,setgroups}: which ids the user namespace of a process has
 * (namespace/id_map.c). An open file stays with the namespace that the process had when it was opened.
 * Errors: EACCES, EINVAL, EPERM, ENOMEM. Source: user_namespaces(7).
 */
#include "fs/proc/proc.h"
#include "base/string.h"
#include "mm/slab.h"
#include "mm/user_access.h"
#include "namespace/user.h"
#include <linux/capability.h>

static enum id_kind kind_of(const struct file *f)
{
	const struct proc_ref *r = f->inode->private;
	return r->row->name[0] == 'u' ? ID_USER : r->row->name[0] == 'g' ? ID_GROUP : ID_PROJECT;
}

static int ns_open(struct inode *i, struct file *f)
{
	struct task *t = proc_task(i->private);
	if (!t)
		return -EINVAL;
	const struct cred *c = task_get_cred(t);
	f->private = c->user_ns;
	ns_get(&c->user_ns->ns);
	cred_put(c);
	task_put(t);
	return 0;
}

static void ns_release(struct file *f)
{
	struct user_namespace *ns = f->private;
	if (ns)
		ns_put(&ns->ns);
}

static ssize_t wrote(int err, size_t n, loff *pos)
{
	if (!err)
		*pos = (loff)n;
	return err ? err : (ssize_t)n;
}

/* The second column is in terms of the reader's namespace; in terms of the parent's when the reader is inside. */
static ssize_t map_read(struct file *f, uptr buf, size_t n, loff *pos)
{
	struct user_namespace *ns = f->private, *reader = f->cred->user_ns;
	enum id_kind kind = kind_of(f);
	const struct id_map *m = __atomic_load_n(&ns->maps[kind], __ATOMIC_ACQUIRE);
	struct text t = {};

	if (reader == ns && reader->parent)
		reader = reader->parent;
	for (u32 i = 0; m && i < m->n; i++)
		text_print(&t, "%10u %10u %10u\n", m->extents[i].first, id_from_kernel(reader, kind, m->extents[i].kernel),
			   m->extents[i].count);
	return proc_text_give(&t, buf, n, pos);
}

static ssize_t map_write(struct file *f, uptr buf, size_t n, loff *pos)
{
	struct user_namespace *ns = f->private;
	if (!ns->parent || (f->cred->user_ns != ns && f->cred->user_ns != ns->parent))
		return -EPERM;
	char *text = proc_text_take(buf, n, PAGE_SIZE, pos);
	if (IS_ERR(text))
		return PTR_ERR(text);
	int err = id_map_write(ns, kind_of(f), f->cred, text);
	kfree(text);
	return wrote(err, n, pos);
}

static int setgroups_open(struct inode *i, struct file *f)
{
	int err = ns_open(i, f);
	if (!err && (f->mode & FMODE_WRITE) && !ns_capable(f->private, CAP_SYS_ADMIN)) {
		ns_release(f);
		return -EACCES;
	}
	return err;
}

static ssize_t setgroups_read(struct file *f, uptr buf, size_t n, loff *pos)
{
	struct user_namespace *ns = f->private;
	struct text t = {};
	text_print(&t, "%s\n", READ_ONCE(ns->is_setgroups_denied) ? "deny" : "allow");
	return proc_text_give(&t, buf, n, pos);
}

static bool is_word(const char *text, const char *word)
{
	size_t len = strlen(word);
	if (strncmp(text, word, len))
		return false;
	for (text += len; *text == ' ' || (*text >= '\t' && *text <= '\r'); text++)
		;
	return !*text;
}

static ssize_t setgroups_write(struct file *f, uptr buf, size_t n, loff *pos)
{
	char *text = proc_text_take(buf, n, sizeof("allow\n\n"), pos);
	if (IS_ERR(text))
		return PTR_ERR(text);
	int err = -EINVAL;
	if (is_word(text, "allow") || is_word(text, "deny"))
		err = user_ns_set_setgroups(f->private, text[0] == 'a');
	kfree(text);
	return wrote(err, n, pos);
}

const struct file_ops proc_id_map_fops = {
	.open = ns_open, .read = map_read, .write = map_write, .seek = proc_text_seek, .release = ns_release,
};
const struct file_ops proc_setgroups_fops = {
	.open = setgroups_open, .read = setgroups_read, .write = setgroups_write, .seek = proc_text_seek, .release = ns_release,
};
