/*
 * fs/initramfs.c: the initrd becomes the root's contents: newc cpio archives one after the other, plain or gzip.
 * The initrd's memory is given back while it is read, so the peak is the image, not twice the image; file data that
 * lies page-aligned in a plain archive is not copied at all: its frames become the file's pages.
 * Links: entries with the same inode number and nlink above 1 are one file. Missing parents are an error, as on Linux.
 *
 * Way in: initramfs_unpack, once, by process 1. Locks: those of the calls used. Errors: said in the log; what was
 * unpacked stays. Source: Linux's initramfs buffer format, cpio(5).
 */
#include "fs/cpio.h"
#include "fs/inflate.h"
#include "fs/internal.h"
#include "arch/arch.h"
#include "base/printk.h"
#include "base/string.h"
#include "mm/mm.h"
#include "mm/slab.h"
#include "task/task.h"

#define RELEASE_STEP (1UL << 20)

struct link { struct list node; u32 ino, major, minor; char *name; };
struct dated { struct list node; struct dentry *dir; s64 mtime_ns; };

struct unpack {
	struct cpio cpio;
	const u8 *start, *end;		/* the initrd */
	const u8 *gzip;			/* where the compressed archive at hand begins */
	const u8 *kept;			/* memory before this is given back or taken over */
	bool is_plain;			/* data handed over lies in the initrd itself */
	struct list links;		/* of struct link: files with more names to come */
	struct list dirs;		/* of struct dated: times to be set when nothing is added any more */
	struct cpio_entry entry;
	struct file *file;		/* being written, or NULL */
	char *target;			/* of a symbolic link being read, or NULL */
	u64 files, bytes;
};

/* -- memory -- */
static paddr_t phys_of(const struct unpack *u, const u8 *p)
{
	return boot_info.initrd_start + (u64)(p - u->start);
}

/* The initrd up to p is not needed any more. */
static void release_to(struct unpack *u, const u8 *p)
{
	paddr_t from = ALIGN_UP(phys_of(u, u->kept), PAGE_SIZE), to = ALIGN_DOWN(phys_of(u, p), PAGE_SIZE);

	if (from < to) {
		page_release_range(from, to);
		u->kept += to - phys_of(u, u->kept);
	}
}

/* Whole aligned pages of data become pages of the file as they are. Bytes taken. */
static size_t take_over_pages(struct unpack *u, const u8 *data, size_t n, u64 offset)
{
	struct mapping *m = u->file->inode->mapping;
	size_t done = 0;

	if (!u->is_plain || !IS_ALIGNED(offset, PAGE_SIZE) || !IS_ALIGNED(phys_of(u, data), PAGE_SIZE))
		return 0;
	release_to(u, data);
	while (n - done >= PAGE_SIZE) {
		struct page *p = page_adopt(phys_of(u, data + done) >> PAGE_SHIFT, m->kind);
		u->kept = data + done + PAGE_SIZE;
		if (mapping_insert(m, (offset + done) >> PAGE_SHIFT, p)) {
			page_put(p);
			break;
		}
		done += PAGE_SIZE;
	}
	if (done)
		m->size_bytes = u->file->inode->size = offset + done;
	return done;
}

/* -- attributes -- */
static s64 entry_time(const struct cpio_entry *e) { return (s64)e->mtime * (s64)NSEC_PER_SEC; }

static void set_attributes(struct inode *i, const struct cpio_entry *e)
{
	mutex_lock(&i->lock);
	if (!S_ISLNK(i->mode))
		i->mode = (i->mode & S_IFMT) | (e->mode & S_IALLUGO);
	i->uid = e->uid;
	i->gid = e->gid;
	i->mtime_ns = entry_time(e);
	mutex_unlock(&i->lock);
}

static int set_attributes_at(struct unpack *u, const struct cpio_entry *e)
{
	struct path p;
	int err = path_lookup(AT_FDCWD, e->name, 0, &p);

	if (err)
		return err;
	set_attributes(p.dentry->inode, e);
	if (S_ISDIR(e->mode)) {
		struct dated *d = kmalloc(sizeof(*d));
		if (d) {
			*d = (struct dated){ .dir = dentry_get(p.dentry), .mtime_ns = entry_time(e) };
			list_push_back(&u->dirs, &d->node);
		}
	}
	path_put(&p);
	return 0;
}

static void date_directories(struct unpack *u)
{
	struct dated *d, *next;

	list_for_each_safe(d, next, &u->dirs, node) {
		d->dir->inode->mtime_ns = d->mtime_ns;
		dentry_put(d->dir);
		list_remove(&d->node);
		kfree(d);
	}
}

/* -- links -- */
static struct link *link_find(struct unpack *u, const struct cpio_entry *e)
{
	struct link *l;
	list_for_each(l, &u->links, node) {
		if (l->ino == e->ino && l->major == e->dev_major && l->minor == e->dev_minor)
			return l;
	}
	return NULL;
}

static int link_remember(struct unpack *u, const struct cpio_entry *e)
{
	struct link *l = kmalloc(sizeof(*l));
	char *name = kstrdup(e->name);

	if (!l || !name) {
		kfree(l);
		kfree(name);
		return -ENOMEM;
	}
	*l = (struct link){ .ino = e->ino, .major = e->dev_major, .minor = e->dev_minor, .name = name };
	list_push_back(&u->links, &l->node);
	return 0;
}

static void links_forget(void *arg)
{
	struct unpack *u = arg;
	struct link *l, *next;

	list_for_each_safe(l, next, &u->links, node) {
		list_remove(&l->node);
		kfree(l->name);
		kfree(l);
	}
}

/* -- entries -- */
/* What is in the way of a new entry goes, unless it is a directory that stays one. */
static void make_way(const struct cpio_entry *e)
{
	struct path p;

	if (path_lookup(AT_FDCWD, e->name, 0, &p))
		return;
	u32 mode = p.dentry->inode->mode;
	path_put(&p);
	/* If it stays all the same, making the entry says why. */
	if ((mode & S_IFMT) != (e->mode & S_IFMT) || S_ISLNK(mode))
		(void)(S_ISDIR(mode) ? vfs_rmdir(AT_FDCWD, e->name) : vfs_unlink(AT_FDCWD, e->name));
}

static int begin_file(struct unpack *u, const struct cpio_entry *e)
{
	struct link *first = e->nlink > 1 ? link_find(u, e) : NULL;
	int err = 0;

	if (first)
		err = vfs_link(first->name, e->name);
	else if (e->nlink > 1)
		err = link_remember(u, e);
	if (err && err != -EEXIST)
		return err;
	/* Usually the last of several names brings the data: the others must not cut it off. */
	struct file *f = file_open(e->name, O_WRONLY | O_CREAT | (first && !e->size ? 0 : O_TRUNC), 0600);
	if (IS_ERR(f))
		return (int)PTR_ERR(f);
	set_attributes(f->inode, e);
	if (!inode_is_reg(f->inode)) {
		file_put(f);
		return -EEXIST;
	}
	u->file = f;
	return 0;
}

static int make_entry(struct unpack *u, const struct cpio_entry *e)
{
	int err;

	switch (e->mode & S_IFMT) {
	case S_IFREG:
		return begin_file(u, e);
	case S_IFDIR:
		err = vfs_mkdir(AT_FDCWD, e->name, e->mode & S_IALLUGO);
		break;
	case S_IFLNK:
		u->target = e->size < PATH_BYTES ? kzalloc(PATH_BYTES) : NULL;
		return u->target ? 0 : e->size < PATH_BYTES ? -ENOMEM : -ENAMETOOLONG;
	default:
		err = vfs_mknod(AT_FDCWD, e->name, e->mode, dev_make(e->rdev_major, e->rdev_minor));
	}
	return err && err != -EEXIST ? err : set_attributes_at(u, e);
}

/* An entry that cannot be made is named and left out; only lack of room ends everything. */
static int entry_result(const struct unpack *u, int err)
{
	if (err)
		log_warn("initramfs: %s: error %d\n", u->entry.name, -err);
	return err == -ENOMEM || err == -ENOSPC ? err : 0;
}

static int entry_begin(void *arg, const struct cpio_entry *e)
{
	struct unpack *u = arg;

	u->entry = *e;
	u->file = NULL;
	u->target = NULL;
	u->files++;
	make_way(e);
	return entry_result(u, make_entry(u, e));
}

static int entry_data(void *arg, const u8 *data, size_t n, u64 offset)
{
	struct unpack *u = arg;

	u->bytes += n;
	if (u->target) {
		memcpy(u->target + offset, data, n);
		return 0;
	}
	if (!u->file)
		return 0;
	size_t taken = take_over_pages(u, data, n, offset);
	loff pos = (loff)(offset + taken);
	if (taken == n)
		return 0;
	ssize_t wrote = file_write_kernel(u->file, data + taken, n - taken, &pos);
	if (wrote < 0)
		return entry_result(u, (int)wrote);
	return (size_t)wrote == n - taken ? 0 : entry_result(u, -ENOSPC);
}

static int entry_end(void *arg)
{
	struct unpack *u = arg;
	int err = 0;

	if (u->file) {
		u->file->inode->mtime_ns = entry_time(&u->entry);
		file_put(u->file);
		u->file = NULL;
	}
	if (u->target) {
		err = vfs_symlink(u->target, AT_FDCWD, u->entry.name);
		if (!err)
			err = set_attributes_at(u, &u->entry);
		kfree(u->target);
		u->target = NULL;
	}
	return entry_result(u, err);
}

static const struct cpio_ops entry_ops = {
	.begin = entry_begin, .data = entry_data, .end = entry_end, .trailer = links_forget,
};

/* -- the stream -- */
static int inflated(void *arg, const u8 *data, size_t n, size_t used)
{
	struct unpack *u = arg;
	size_t taken;
	int err = cpio_feed(&u->cpio, data, n, &taken);

	release_to(u, u->gzip + used - MIN(used, (size_t)8));	/* what follows may begin in the bits read ahead */
	return err;
}

/* One plain archive, or several in a row, up to what is none. *at moves on. */
static int unpack_plain(struct unpack *u, const u8 **at)
{
	int err = 0;

	u->is_plain = true;
	while (*at < u->end && !err) {
		size_t used, n = MIN((size_t)(u->end - *at), RELEASE_STEP);
		err = cpio_feed(&u->cpio, *at, n, &used);
		*at += used;
		release_to(u, *at);
	}
	u->is_plain = false;
	return err;
}

static int unpack_gzip(struct unpack *u, const u8 **at)
{
	size_t used;

	u->gzip = *at;
	int err = inflate_gzip(*at, (size_t)(u->end - *at), inflated, u, &used);
	*at += used;
	return err;
}

static bool is_gzip(const u8 *p, const u8 *end)
{
	return end - p > 18 && p[0] == 0x1f && p[1] == 0x8b;
}

/* An archive that somebody else could read is worth its name. */
static void name_unknown(const u8 *p, const u8 *end)
{
	static const struct { const char *name, *magic; size_t n; } others[] = {
		{ "xz", "\xfd" "7zXZ", 5 }, { "zstd", "\x28\xb5\x2f\xfd", 4 }, { "bzip2", "BZh", 3 },
		{ "lz4", "\x02\x21\x4c\x18", 4 }, { "lzma", "\x5d\x00\x00", 3 }, { "lzo", "\x89LZO", 4 },
	};
	for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
		if ((size_t)(end - p) > others[i].n && memcmp(p, others[i].magic, others[i].n) == 0)
			log_error("initramfs: compressed with %s; only gzip and plain cpio (newc) are taken\n", others[i].name);
	}
}

static int unpack_all(struct unpack *u)
{
	const u8 *at = u->start;
	int err = 0;

	while (at < u->end && !err) {
		/* Archives of both kinds may follow one another, with zeroes between. */
		if (u->cpio.state == CPIO_GAP && is_gzip(at, u->end)) {
			u->cpio.offset = 0;
			err = unpack_gzip(u, &at);
		} else if (u->cpio.state == CPIO_GAP && *at == 0) {
			at++;
		} else {
			if (u->cpio.state == CPIO_GAP)
				u->cpio.offset = 0;
			err = unpack_plain(u, &at);
			if (err == -EINVAL && u->cpio.state == CPIO_GAP && is_gzip(at, u->end))
				err = 0;
		}
	}
	if (err == -EINVAL && u->cpio.state == CPIO_GAP)
		name_unknown(at, u->end);
	return err ? err : cpio_finish(&u->cpio);
}

int initramfs_unpack(void)
{
	if (boot_info.initrd_start == boot_info.initrd_end)
		return 0;
	struct unpack *u = kzalloc(sizeof(*u));
	if (!u)
		return -ENOMEM;
	u->start = u->kept = phys_to_virt(boot_info.initrd_start);
	u->end = u->start + (boot_info.initrd_end - boot_info.initrd_start);
	list_init(&u->links);
	list_init(&u->dirs);
	cpio_init(&u->cpio, &entry_ops, u);
	u32 umask = current->fs->umask;
	current->fs->umask = 0;
	int err = unpack_all(u);
	current->fs->umask = umask;
	if (u->file)
		file_put(u->file);
	kfree(u->target);
	links_forget(u);
	date_directories(u);
	release_to(u, u->end);
	log_info("initramfs: %lu files, %lu KiB%s\n", (unsigned long)u->files, (unsigned long)u->bytes >> 10,
		 err ? ", and then it is broken" : "");
	kfree(u);
	return err;
}
