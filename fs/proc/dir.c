/*
 * fs/proc/dir.c: the directories and links of procfs. Nothing is kept: a lookup asks the process table, the descriptor
 * table or the tables of rows, and makes an inode; a listing does the same in order of its positions.
 * Locks: none of its own. Errors: ENOENT (as NULL from lookup), ESRCH, EACCES, ENOMEM. Source: proc(5).
 */
#include "fs/proc/proc.h"
#include "base/printk.h"
#include "base/string.h"
#include "mm/mm.h"
#include "mm/slab.h"
#include "namespace/user.h"
#include <linux/capability.h>

#define POS_PIDS 1000	/* positions in the root's listing: rows first, then numbers */

SLAB_CACHE(proc_ref_cache, struct proc_ref);

struct task *proc_task(const struct proc_ref *r)
{
	if (!r->pid)
		return NULL;
	unsigned long flags = spin_lock_irqsave(&tasklist_lock);
	struct task *t = pid_first_task_locked(r->pid, PID_TASK);
	if (t)
		task_get(t);
	spin_unlock_irqrestore(&tasklist_lock, flags);
	return t;
}

struct pid *proc_process_of(const struct inode *i)
{
	const struct proc_ref *r = i->private;
	return r->kind == DIR_PROCESS && !r->is_thread ? r->pid : NULL;
}

int proc_may_look(struct task *t) { return task_may_look(t, ATTACH_BY_FS_IDS) ? -EACCES : 0; }

/* -- inodes -- */
static u64 ino_of(const struct proc_ref *r)
{
	u64 h = 0xcbf29ce484222325UL;
	u64 below = r->prefix ? name_hash(r->prefix, strlen(r->prefix)) : 0;
	u64 parts[] = { (u64)pid_number_global(r->pid) + 1, (u64)r->row, (u64)r->kind << 32 | (u32)r->fd, r->is_thread,
			below, r->start };
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
		h = (h ^ parts[i]) * 0x100000001b3UL;
	return (h & 0x7fffffff) | 0x40000000;
}

/* Files of a process that may not be looked into belong to root: that of where its program was started. */
static bool is_root_owned(struct task *t, u32 mode, u32 *uid, u32 *gid)
{
	if (mode == (S_IFDIR | 0555))
		return false;
	struct mm *mm = task_get_mm(t);
	bool is = !mm || mm->dumpable != 1;
	*uid = mm ? uid_to_kernel(mm->user_ns, 0) : 0;
	*gid = mm ? gid_to_kernel(mm->user_ns, 0) : 0;
	if (*uid == NO_ID)
		*uid = 0;
	if (*gid == NO_ID)
		*gid = 0;
	if (mm)
		mm_put(mm);
	return is;
}

/* The others belong to its effective user; folders that all may enter in any case. */
static void inode_set_owner(struct inode *i, const struct proc_ref *r)
{
	i->uid = i->gid = 0;
	struct task *t = proc_task(r);
	if (!t)
		return;
	if (!is_root_owned(t, i->mode, &i->uid, &i->gid)) {
		const struct cred *c = task_get_cred(t);
		i->uid = c->euid;
		i->gid = c->egid;
		cred_put(c);
	}
	task_put(t);
}

struct inode *proc_inode(struct superblock *sb, const struct proc_ref *r, u32 mode)
{
	struct inode *i = inode_new(sb, mode);
	if (!i)
		return ERR_PTR(-ENOMEM);
	struct proc_ref *own = slab_alloc(&proc_ref_cache);
	if (!own) {
		inode_put(i);
		return ERR_PTR(-ENOMEM);
	}
	*own = *r;
	own->super = sb->private;
	pid_get(own->pid);
	i->private = own;
	i->ino = ino_of(r);
	if (S_ISDIR(mode)) {
		i->ops = &proc_dir_ops;
		i->fops = &proc_dir_fops;
		i->nlink = 2;
	} else if (S_ISLNK(mode)) {
		i->ops = r->row && !r->row->is_private ? &proc_text_link_ops : &proc_link_ops;
	} else {
		i->ops = &proc_file_inode_ops;
		i->fops = r->row && r->row->fops ? r->row->fops : &proc_text_fops;
	}
	inode_set_owner(i, r);
	return i;
}

static void proc_destroy_inode(struct inode *i)
{
	struct proc_ref *r = i->private;
	if (!r)
		return;
	pid_put(r->pid);
	kfree((void *)r->prefix);
	slab_free(&proc_ref_cache, r);
}

/* -- lookup -- */
static int number_of(const char *name)
{
	char *end;
	if (name[0] < '1' || name[0] > '9' || strlen(name) > 9)
		return name[0] == '0' && !name[1] ? 0 : -1;
	u64 v = strtou64(name, &end, 10);
	return *end ? -1 : (int)v;
}

static struct inode *lookup_process(struct superblock *sb, int number)
{
	const struct proc_super *s = sb->private;
	struct proc_ref r = { .kind = DIR_PROCESS, .pid = pid_find(number, s->ns) };
	struct task *t = proc_task(&r);
	bool is_seen = t && !proc_hides(s, t, HIDE_INVISIBLE);
	struct inode *i = is_seen ? proc_inode(sb, &r, S_IFDIR | 0555) : NULL;
	task_put(t);
	pid_put(r.pid);
	return i;
}

/* A name below prefix in the system's table: a row, or a directory that some row's path goes through. */
static struct inode *lookup_system(struct superblock *sb, const char *prefix, const char *name)
{
	size_t np = strlen(prefix), nn = strlen(name);
	for (const struct proc_row *row = proc_system_rows; row->name; row++) {
		if (strncmp(row->name, prefix, np) || strncmp(row->name + np, name, nn))
			continue;
		if (!row->name[np + nn]) {
			struct proc_ref r = { .kind = ROW, .row = row };
			return proc_inode(sb, &r, row->mode);
		}
		if (row->name[np + nn] == '/') {
			char *deeper = kmalloc(np + nn + 2);
			if (!deeper)
				return ERR_PTR(-ENOMEM);
			snprintf(deeper, np + nn + 2, "%s%s/", prefix, name);
			struct proc_ref r = { .kind = DIR_SYSTEM, .prefix = deeper };
			struct inode *i = proc_inode(sb, &r, S_IFDIR | 0555);
			if (IS_ERR(i))
				kfree(deeper);
			return i;
		}
	}
	return NULL;
}

static const struct { const char *name; int kind; u32 mode; bool is_private; } process_dirs[] = {
	{ "fd", DIR_FD, S_IFDIR | 0500, true },
	{ "fdinfo", DIR_FDINFO, S_IFDIR | 0555, true },
	{ "map_files", DIR_MAP_FILES, S_IFDIR | 0500, true },
	{ "net", DIR_NET, S_IFDIR | 0555, false },
	{ "ns", DIR_NS, S_IFDIR | 0511, false },
	{ "task", DIR_TASKS, S_IFDIR | 0555, false },
};

/* A thread has neither threads, nor memory of its own to be listed. */
static bool is_dir_of(int kind, const struct proc_ref *r)
{
	return !r->is_thread || (kind != DIR_TASKS && kind != DIR_MAP_FILES);
}

static struct inode *lookup_in_process(struct superblock *sb, const struct proc_ref *dir, const char *name)
{
	struct proc_ref r = *dir;
	r.prefix = NULL;
	for (size_t k = 0; k < ARRAY_SIZE(process_dirs); k++) {
		if (strcmp(name, process_dirs[k].name) || !is_dir_of(process_dirs[k].kind, dir))
			continue;
		r.kind = process_dirs[k].kind;
		return proc_inode(sb, &r, process_dirs[k].mode);
	}
	for (const struct proc_row *row = proc_process_rows; row->name; row++) {
		if (strcmp(row->name, name))
			continue;
		r.kind = ROW;
		r.row = row;
		return proc_inode(sb, &r, row->mode);
	}
	return NULL;
}

/* The rows of a folder of a process that is all rows, in which those of kinds that are not offered are skipped. */
static const struct proc_row *rows_of(const struct proc_ref *dir) { return dir->kind == DIR_NS ? proc_ns_rows : proc_net_rows; }
static bool row_is_offered(const struct proc_ref *dir, const struct proc_row *row)
{
	return dir->kind != DIR_NS || proc_ns_is_offered(row);
}

static struct inode *lookup_row(struct superblock *sb, const struct proc_ref *dir, const char *name)
{
	for (const struct proc_row *row = rows_of(dir); row->name; row++) {
		struct proc_ref r = { .kind = ROW, .row = row, .pid = dir->pid, .is_thread = dir->is_thread };
		if (!strcmp(row->name, name) && row_is_offered(dir, row))
			return proc_inode(sb, &r, row->mode);
	}
	return NULL;
}

/* A thread of the process that dir stands for. */
static struct inode *lookup_thread(struct superblock *sb, struct task *t, int number)
{
	const struct proc_super *s = sb->private;
	struct proc_ref r = { .kind = DIR_PROCESS, .is_thread = true, .pid = pid_find(number, s->ns) };
	struct task *thread = proc_task(&r);
	struct inode *i = thread && thread->signal == t->signal ? proc_inode(sb, &r, S_IFDIR | 0555) : NULL;
	task_put(thread);
	pid_put(r.pid);
	return i;
}

static int show_fdinfo(struct text *t, const struct proc_ref *r)
{
	struct task *task = proc_task(r);
	struct files *files = task ? files_hold(task) : NULL;
	struct file *f = files ? files_get_file(files, r->fd) : NULL;
	if (f) {
		char extra[256] = "";
		bool cloexec = files_is_cloexec(files, r->fd);
		text_print(t, "pos:\t%lld\nflags:\t0%o\nmnt_id:\t%d\nino:\t%lu\n", (long long)f->pos,
			   f->flags | (cloexec ? O_CLOEXEC : 0), f->path.mount ? f->path.mount->id : 0,
			   f->inode ? (unsigned long)f->inode->ino : 0);
		if (f->ops && f->ops->show_fdinfo)	/* O_PATH files have none */
			f->ops->show_fdinfo(f, r->super->ns, extra, sizeof(extra));
		text_print(t, "%s", extra);
		file_put(f);
	}
	files_release(files);
	task_put(task);
	return f ? 0 : -ENOENT;
}

static struct inode *lookup_fd(struct superblock *sb, const struct proc_ref *dir, struct task *t, int fd)
{
	struct files *files = files_hold(t);
	struct file *f = files ? files_get_file(files, fd) : NULL;
	struct inode *i = NULL;
	if (f) {
		struct proc_ref r = { .kind = dir->kind == DIR_FD ? FD_LINK : FD_INFO, .pid = dir->pid, .fd = fd };
		static const struct proc_row info_row = { .name = "fdinfo", .mode = S_IFREG | 0444, .show = show_fdinfo };
		r.row = dir->kind == DIR_FD ? NULL : &info_row;
		u32 mode = S_IFLNK | (f->mode & FMODE_READ ? 0500 : 0) | (f->mode & FMODE_WRITE ? 0300 : 0);
		i = proc_inode(sb, &r, dir->kind == DIR_FD ? mode : info_row.mode);
		file_put(f);
	}
	files_release(files);
	return i;
}

static struct inode *lookup_map(struct superblock *sb, const struct proc_ref *dir, const char *name)
{
	struct proc_ref r = { .kind = MAP_LINK, .pid = dir->pid };
	struct path p;
	if (!proc_map_name_parse(name, &r) || proc_map_path(&r, &p))
		return NULL;
	path_put(&p);
	return proc_inode(sb, &r, S_IFLNK | 0500);
}

/* With subset=pid the root has the way to oneself besides the processes. */
static bool is_in_subset(const struct proc_super *s, const char *name)
{
	return !s->has_only_pids || !strcmp(name, "self") || !strcmp(name, "thread-self");
}

static struct inode *find_entry(struct inode *dir, struct dentry *d)
{
	const struct proc_ref *r = dir->private;
	int number = number_of(d->name);
	if (r->kind == DIR_ROOT) {
		struct inode *i = number > 0 ? lookup_process(dir->sb, number) : NULL;
		if (i || !is_in_subset(r->super, d->name))
			return i;
		return lookup_system(dir->sb, "", d->name);
	}
	if (r->kind == DIR_SYSTEM)
		return lookup_system(dir->sb, r->prefix, d->name);
	struct task *t = proc_task(r);
	struct inode *i = NULL;
	if (!t)
		return NULL;
	if (r->kind == DIR_PROCESS)
		i = lookup_in_process(dir->sb, r, d->name);
	else if (r->kind == DIR_NS || r->kind == DIR_NET)
		i = lookup_row(dir->sb, r, d->name);
	else if (r->kind == DIR_MAP_FILES)
		i = lookup_map(dir->sb, r, d->name);
	else if (number >= 0 && r->kind == DIR_TASKS)
		i = lookup_thread(dir->sb, t, number);
	else if (number >= 0)
		i = lookup_fd(dir->sb, r, t, number);
	task_put(t);
	return i;
}

/* What is not there cannot be made either: ENOENT already from the lookup. */
static struct inode *proc_lookup(struct inode *dir, struct dentry *d)
{
	struct inode *i = find_entry(dir, d);
	return i ? i : ERR_PTR(-ENOENT);
}

static int dir_permission(struct inode *i, unsigned mask)
{
	const struct proc_ref *r = i->private;
	if (r->kind == DIR_PROCESS && r->super->hide_pid != HIDE_OFF) {
		struct task *t = proc_task(r);
		int err = !t ? -ESRCH : !proc_hides(r->super, t, HIDE_NO_ACCESS) ? 0 :
			  proc_hides(r->super, t, HIDE_INVISIBLE) ? -ENOENT : -EPERM;
		task_put(t);
		return err ? err : inode_mode_permission(i, mask);
	}
	if ((r->kind != DIR_FD && r->kind != DIR_FDINFO && r->kind != DIR_MAP_FILES) || (mask & MAY_WRITE))
		return inode_mode_permission(i, mask);
	struct task *t = proc_task(r);
	int err = t ? proc_may_look(t) : 0;
	task_put(t);
	return err;
}

const struct inode_ops proc_dir_ops = { .lookup = proc_lookup, .permission = dir_permission };
static int file_permission(struct inode *i, unsigned mask)
{
	const struct proc_ref *r = i->private;
	return r->row && r->row->permission ? r->row->permission(mask) : inode_mode_permission(i, mask);
}

const struct inode_ops proc_file_inode_ops = { .permission = file_permission };

/* -- listing -- */
static bool emit(struct dir_context *c, const char *name, unsigned type)
{
	if (!c->emit(c, name, strlen(name), 1, type))
		return false;
	c->pos++;
	return true;
}

static bool emit_number(struct dir_context *c, int number, unsigned type)
{
	char name[12];
	snprintf(name, sizeof(name), "%d", number);
	return c->emit(c, name, strlen(name), 1, type);
}

static bool emit_dots(struct dir_context *c)
{
	if (c->pos == 0 && !emit(c, ".", 4))
		return false;
	return c->pos != 1 || emit(c, "..", 4);
}

/* The names directly below prefix, each once: a row's directory is named at the first row that goes through it. */
static bool emit_system(struct dir_context *c, const char *prefix)
{
	size_t np = strlen(prefix);
	loff at = 2;
	for (const struct proc_row *row = proc_system_rows; row->name; row++) {
		if (strncmp(row->name, prefix, np))
			continue;
		const char *name = row->name + np, *slash = strchr(name, '/');
		size_t n = slash ? (size_t)(slash - name) : strlen(name);
		if (slash && row != proc_system_rows && !strncmp(row[-1].name, row->name, np + n + 1))
			continue;
		if (at++ < c->pos)
			continue;
		if (!c->emit(c, name, n, 1, slash ? 4 : row->mode >> 12))
			return false;
		c->pos = at;
	}
	return true;
}

static void list_pids(struct dir_context *c, const struct proc_super *s)
{
	if (c->pos < POS_PIDS)
		c->pos = POS_PIDS;
	for (int number = (int)(c->pos - POS_PIDS); ; number++) {
		struct pid *p = pid_find_from(&number, s->ns);
		if (!p)
			return;
		struct proc_ref r = { .pid = p };
		struct task *t = proc_task(&r);
		bool is_process = t && task_is_leader(t) && !proc_hides(s, t, HIDE_INVISIBLE);
		task_put(t);
		pid_put(p);
		c->pos = POS_PIDS + number;
		if (is_process && !emit_number(c, number, 4))
			return;
		c->pos++;
	}
}

/* The row at position `at`, unless the listing is past it; false: no room. */
static bool emit_row(struct dir_context *c, const struct proc_row *row, loff at)
{
	if (at < c->pos)
		return true;
	if (!c->emit(c, row->name, strlen(row->name), 1, row->mode >> 12))
		return false;
	c->pos = at + 1;
	return true;
}

static void list_process(struct dir_context *c, const struct proc_ref *r)
{
	loff at = 2;
	for (size_t k = 0; k < ARRAY_SIZE(process_dirs); k++, at++) {
		if (at < c->pos || !is_dir_of(process_dirs[k].kind, r))
			continue;
		if (!c->emit(c, process_dirs[k].name, strlen(process_dirs[k].name), 1, 4))
			return;
		c->pos = at + 1;
	}
	for (const struct proc_row *row = proc_process_rows; row->name; row++, at++)
		if (!emit_row(c, row, at))
			return;
}

static void list_rows(struct dir_context *c, const struct proc_ref *dir)
{
	loff at = 2;
	for (const struct proc_row *row = rows_of(dir); row->name; row++, at++)
		if (row_is_offered(dir, row) && !emit_row(c, row, at))
			return;
}

/* The number of the index-th thread, or 0. */
static int thread_number(const struct proc_ref *r, struct task *t, loff index)
{
	struct task *thread;
	int number = 0;
	unsigned long flags = spin_lock_irqsave(&tasklist_lock);
	list_for_each(thread, &t->signal->thread_list, thread_node)
		if (index-- == 0) {
			number = proc_tid(r, thread);
			break;
		}
	spin_unlock_irqrestore(&tasklist_lock, flags);
	return number;
}

static void list_threads(struct dir_context *c, const struct proc_ref *r, struct task *t)
{
	for (int number; (number = thread_number(r, t, c->pos - 2)); c->pos++)
		if (!emit_number(c, number, 4))
			return;
}

static void list_fds(struct dir_context *c, struct task *t, unsigned type)
{
	struct files *files = files_hold(t);
	for (int fd; files && (fd = files_next_fd(files, (int)(c->pos - 2))) >= 0; c->pos++) {
		c->pos = fd + 2;
		if (!emit_number(c, fd, type))
			break;
	}
	files_release(files);
}

static int proc_iterate(struct file *f, struct dir_context *c)
{
	const struct proc_ref *r = f->inode->private;
	if (!emit_dots(c))
		return 0;
	if (r->kind == DIR_ROOT) {
		if (c->pos < POS_PIDS && !r->super->has_only_pids && !emit_system(c, ""))
			return 0;
		list_pids(c, r->super);
		return 0;
	}
	if (r->kind == DIR_SYSTEM) {
		emit_system(c, r->prefix);
		return 0;
	}
	struct task *t = proc_task(r);
	if (!t)
		return -ENOENT;
	if (r->kind == DIR_PROCESS)
		list_process(c, r);
	else if (r->kind == DIR_NS || r->kind == DIR_NET)
		list_rows(c, r);
	else if (r->kind == DIR_MAP_FILES)
		proc_list_maps(c, t);
	else if (r->kind == DIR_TASKS)
		list_threads(c, r, t);
	else
		list_fds(c, t, r->kind == DIR_FD ? 10 : 8);
	task_put(t);
	return 0;
}

const struct file_ops proc_dir_fops = { .iterate = proc_iterate };

/* -- links -- */
static int fd_path(const struct proc_ref *r, struct path *out, char *text, size_t size)
{
	struct task *t = proc_task(r);
	struct files *files = t ? files_hold(t) : NULL;
	struct file *f = files ? files_get_file(files, r->fd) : NULL;
	int err = f ? 0 : -ENOENT;
	if (f) {
		*out = f->path;
		path_get(out);
		file_put(f);
	}
	files_release(files);
	task_put(t);
	return err;
}

static int link_get(const struct proc_ref *r, struct path *out, char *text, size_t size)
{
	*out = (struct path){ NULL, NULL };
	if (!r->row || r->row->is_private) {
		struct task *t = proc_task(r);
		int err = t ? proc_may_look(t) : -ENOENT;
		task_put(t);
		if (err)
			return err;
	}
	if (r->kind == FD_LINK)
		return fd_path(r, out, text, size);
	if (r->kind == MAP_LINK)
		return proc_map_path(r, out);
	return r->row->link(r, out, text, size);
}

static int proc_readlink(struct inode *i, char *buf, size_t size)
{
	struct path p;
	int err = link_get(i->private, &p, buf, size);
	if (err < 0 || !p.dentry)
		return err;
	char *text = path_text_alloc();
	if (!text) {
		path_put(&p);
		return -ENOMEM;
	}
	char *s = path_format(&p, text, PATH_BYTES);
	path_put(&p);
	int n = IS_ERR(s) ? (int)PTR_ERR(s) : (int)MIN(strlen(s), size);
	if (n > 0)
		memcpy(buf, s, (size_t)n);
	path_text_free(text);
	return n;
}

static int proc_follow(struct inode *i, struct path *out)
{
	const struct proc_ref *r = i->private;
	char text[64];
	/* What is mapped may lie where the caller could not go by itself. */
	if (r->kind == MAP_LINK && !capable(CAP_CHECKPOINT_RESTORE) && !capable(CAP_SYS_ADMIN))
		return -EPERM;
	int err = link_get(r, out, text, sizeof(text));
	if (err < 0)
		return err;
	return out->dentry ? 0 : -ENOENT;
}

/* Links that are text (self, mounts) are walked as text; the others lead straight to a path. */
const struct inode_ops proc_link_ops = { .readlink = proc_readlink, .follow = proc_follow };
const struct inode_ops proc_text_link_ops = { .readlink = proc_readlink };

/* -- the file system -- */
static int proc_statfs(struct superblock *sb, struct dentry *d, void *kernel_statfs64) { return 0; }
const struct super_ops proc_super_ops = {
	.destroy_inode = proc_destroy_inode, .statfs = proc_statfs, .destroy = proc_destroy_super,
};

static struct fs_type proc_type = {
	.name = "proc", .mount = proc_mount, .no_device = true, .remount = proc_remount, .show_options = proc_show_options,
	.owner = proc_owner, .is_revealing = true,
};
void proc_init(void) { fs_register(&proc_type); }
