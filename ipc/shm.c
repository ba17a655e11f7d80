/*
 * ipc/shm.c: System V shared memory: shmget, shmat, shmdt.
 *
 * A segment is a nameless file in memory. Each shmat opens that file anew, so the end of that open file is the end of
 * one attachment with all that fork and mprotect made of it; a removed segment goes with the last of them. How many
 * regions there are (shm_nattch) is counted only when it is asked for: fork, which copies no region, cannot keep the
 * number.
 * Way in: the system calls; the open file's release and its news from fork and exit; shmctl is in shm_ctl.c.
 * Locks: the namespace's ids[IPC_SHM].lock, taken before any lock of inodes and address spaces.
 * Errors: EACCES, EEXIST, EIDRM, EINVAL, ENOENT, ENOMEM, ENOSPC. Source: shmget(2), shmop(2), Linux 6.1's order of
 * checks.
 * Differences from Linux: there are no huge pages: SHM_HUGETLB is ENOMEM, as with an empty pool there.
 */
#include "ipc/shm.h"
#include "base/errno.h"
#include "base/printk.h"
#include "fs/proc/proc.h"
#include "mm/mm.h"
#include "mm/slab.h"
#include "pid/pid.h"
#include "syscall/define.h"
#include "namespace/user.h"
#include "task/cred.h"
#include "task/task.h"
#include <linux/mman.h>

static SLAB_CACHE(shm_segment_cache, struct shm_segment);

/* What one shmat opened: file->private. */
struct shm_attachment {
	struct ipc_ns *ns;		/* reference */
	struct shm_segment *segment;	/* borrowed: it lives while it has attachments */
};
static SLAB_CACHE(shm_attachment_cache, struct shm_attachment);

struct shm_segment *shm_find(struct ipc_ns *ns, int id)
{
	struct ipc_object *o = ipc_find(shm_ids(ns), id);
	return IS_ERR(o) ? (struct shm_segment *)o : shm_of(o);
}

u64 shm_count_attached(const struct shm_segment *s)
{
	struct inode *i = s->file->inode;
	u64 n = 0;

	if (!s->attachments)
		return 0;
	mutex_lock(&i->lock);
	n = mapping_count_regions(i->mapping);
	mutex_unlock(&i->lock);
	return n;
}

u64 shm_resident_pages(const struct shm_segment *s) { return READ_ONCE(s->file->inode->mapping->page_count); }

/* -- segments -- */
static void segment_free(struct shm_segment *s)
{
	if (s->file)
		file_put(s->file);
	shm_unlock(s);
	pid_put(s->creator);
	pid_put(s->last);
	slab_free(&shm_segment_cache, s);
}

static void segment_destroy(struct ipc_ns *ns, struct shm_segment *s)
{
	ipc_remove(shm_ids(ns), &s->o);
	ns->shm_pages -= shm_pages_of(s);
	segment_free(s);
}

void shm_remove(struct ipc_ns *ns, struct shm_segment *s)
{
	if (!s->attachments) {
		segment_destroy(ns, s);
		return;
	}
	s->o.mode |= SHM_DEST;
	ipc_forget_key(shm_ids(ns), &s->o);
}

/* The namespace is gone, and each attachment held it: nothing is attached. */
void shm_free_all(struct ipc_ns *ns)
{
	struct ipc_ids *ids = shm_ids(ns);

	mutex_lock(&ids->lock);
	while (ids->highest >= 0)
		segment_destroy(ns, shm_of(ids->places[ids->highest]));
	mutex_unlock(&ids->lock);
}

static int refuse_huge(int flags)
{
	int size_log = flags >> SHM_HUGE_SHIFT & SHM_HUGE_MASK;
	return size_log && size_log != PT_SHIFT(1) ? -EINVAL : -ENOMEM;
}

static int segment_fill(struct shm_segment *s, s32 key, size_t size, int flags)
{
	char name[16];

	s->size = size;
	s->change_time = ipc_now();
	s->creator = current_process_name();
	snprintf(name, sizeof(name), "SYSV%08x", (unsigned)key);
	struct file *f = shmem_file_new(name, size, (flags & SHM_NORESERVE) && overcommit_mode != 2 ? VM_NORESERVE : 0);
	if (IS_ERR(f))
		return (int)PTR_ERR(f);
	s->file = f;
	return 0;
}

static int segment_create(struct ipc_ns *ns, s32 key, size_t size, int flags)
{
	u64 pages = ((u64)size + PAGE_SIZE - 1) >> PAGE_SHIFT;

	if (size < 1 || size > ns->shm_bytes_max)
		return -EINVAL;
	if (pages << PAGE_SHIFT < size || ns->shm_pages + pages < pages || ns->shm_pages + pages > ns->shm_pages_max)
		return -ENOSPC;
	if (flags & SHM_HUGETLB)
		return refuse_huge(flags);
	struct shm_segment *s = slab_zalloc(&shm_segment_cache);
	if (!s)
		return -ENOMEM;
	int id = segment_fill(s, key, size, flags);
	if (!id)
		id = ipc_add(shm_ids(ns), &s->o, key, flags, ns->shm_segments);
	if (id < 0) {
		segment_free(s);
		return id;
	}
	s->file->inode->ino = (u64)id;	/* as /proc/PID/maps shows it */
	ns->shm_pages += pages;
	return id;
}

static int segment_check(const struct ipc_object *o, size_t size)
{
	return size > container_of(o, struct shm_segment, o)->size ? -EINVAL : 0;
}

long sys_shmget(int key, size_t size, int flags)
{
	static const struct ipc_get_ops ops = { IPC_SHM, segment_create, segment_check };
	return ipc_get(&ops, key, size, flags);
}

/* -- attachments -- */
static void note_user(const struct shm_attachment *a, bool is_end)
{
	struct shm_segment *s = a->segment;

	*(is_end ? &s->detach_time : &s->attach_time) = ipc_now();
	ipc_note_pid(&s->last);
}

static void attachment_told(struct file *f, bool is_end)
{
	struct shm_attachment *a = f->private;

	mutex_lock(&shm_ids(a->ns)->lock);
	note_user(a, is_end);
	mutex_unlock(&shm_ids(a->ns)->lock);
}

static void attachment_release(struct file *f)
{
	struct shm_attachment *a = f->private;
	struct ipc_ns *ns = a->ns;

	mutex_lock(&shm_ids(ns)->lock);
	if (!--a->segment->attachments && (a->segment->o.mode & SHM_DEST))
		segment_destroy(ns, a->segment);
	mutex_unlock(&shm_ids(ns)->lock);
	slab_free(&shm_attachment_cache, a);
	ns_put(&ns->ns);
}

static const struct file_ops attachment_ops = { .attached = attachment_told, .release = attachment_release };

/* The segment's memory as an open file of its own. ERR_PTR(-ENOMEM). */
static struct file *attachment_open(struct ipc_ns *ns, struct shm_segment *s, u32 mode)
{
	struct shm_attachment *a = slab_alloc(&shm_attachment_cache);
	struct file *f = a ? file_alloc(mode, 0, &attachment_ops, a) : NULL;

	if (!f) {
		slab_free(&shm_attachment_cache, a);
		return ERR_PTR(-ENOMEM);
	}
	f->path = s->file->path;
	path_get(&f->path);
	f->inode = s->file->inode;
	*a = (struct shm_attachment){ .ns = ns, .segment = s };
	ns_get(&ns->ns);
	s->attachments++;
	return f;
}

static struct file *attach_by_id(struct ipc_ns *ns, int id, unsigned ask, u32 mode)
{
	struct shm_segment *s = shm_find(ns, id);

	if (IS_ERR(s))
		return (struct file *)s;
	int err = ipc_may(ns, &s->o, ask);
	return err ? ERR_PTR(err) : attachment_open(ns, s, mode);
}

static long map_attachment(struct file *f, uptr addr, bool is_placed, unsigned prot, int flags)
{
	struct shm_attachment *a = f->private;
	u64 size = a->segment->size;
	int how = MAP_SHARED;

	if (is_placed)
		how |= flags & SHM_REMAP ? MAP_FIXED : MAP_FIXED_NOREPLACE;
	if (addr && !(flags & SHM_REMAP) && addr + size < addr)
		return -EINVAL;
	long at = mm_map(current->mm, addr, size, prot, (unsigned)how, VM_ATTACHED, f, 0);
	if (at < 0)
		return at == -EEXIST ? -EINVAL : at;
	mutex_lock(&shm_ids(a->ns)->lock);
	note_user(a, false);
	mutex_unlock(&shm_ids(a->ns)->lock);
	return at;
}

/* Where to, from what the caller says: 0 is anywhere, but what is rounded down to 0 is 0. */
static int check_address(uptr *addr, int flags)
{
	if (!*addr)
		return flags & SHM_REMAP ? -EINVAL : 0;
	if (!IS_ALIGNED(*addr, PAGE_SIZE)) {
		if (!(flags & SHM_RND))
			return -EINVAL;
		*addr = ALIGN_DOWN(*addr, PAGE_SIZE);
		if (!*addr && (flags & SHM_REMAP))
			return -EINVAL;
	}
	return 0;
}

long sys_shmat(int id, uptr addr, int flags)
{
	struct ipc_ns *ns = current_ipc_ns();
	unsigned ask = IPC_ASK_READ, prot = PROT_READ;
	u32 mode = FMODE_READ;
	bool is_placed = addr;
	int err = id < 0 ? -EINVAL : check_address(&addr, flags);

	if (err)
		return err;
	if (!(flags & SHM_RDONLY)) {
		ask |= IPC_ASK_WRITE;
		prot |= PROT_WRITE;
		mode |= FMODE_WRITE;
	}
	if (flags & SHM_EXEC) {
		ask |= IPC_ASK_EXEC;
		prot |= PROT_EXEC;
	}
	mutex_lock(&shm_ids(ns)->lock);
	struct file *f = attach_by_id(ns, id, ask, mode);
	mutex_unlock(&shm_ids(ns)->lock);
	if (IS_ERR(f))
		return PTR_ERR(f);
	long at = map_attachment(f, addr, is_placed, prot, flags);
	file_put(f);
	return at;
}

long sys_shmdt(uptr addr)
{
	return IS_ALIGNED(addr, PAGE_SIZE) ? mm_detach(current->mm, addr) : -EINVAL;
}

/* -- /proc/sysvipc/shm -- */
void shm_show_all(struct ipc_ns *ns, struct text *t)
{
	struct ipc_ids *ids = shm_ids(ns);

	text_print(t, "       key      shmid perms                  size  cpid  lpid nattch   uid   gid  cuid  cgid      atime"
		      "      dtime      ctime                   rss                  swap\n");
	mutex_lock(&ids->lock);
	for (int i = 0; i <= ids->highest; i++) {
		if (!ids->places[i])
			continue;
		const struct shm_segment *s = shm_of(ids->places[i]);
		const struct ipc_object *o = &s->o;
		text_print(t, "%10d %10d  %4o %21lu %5u %5u  %5lu %5u %5u %5u %5u %10ld %10ld %10ld %21lu %21lu\n", o->key, o->id,
			   o->mode, (unsigned long)s->size, (unsigned)ipc_pid_seen(s->creator), (unsigned)ipc_pid_seen(s->last),
			   (unsigned long)shm_count_attached(s), uid_shown(o->uid), gid_shown(o->gid),
			   uid_shown(o->cuid), gid_shown(o->cgid), (long)s->attach_time,
			   (long)s->detach_time, (long)s->change_time, (unsigned long)(shm_resident_pages(s) << PAGE_SHIFT), 0UL);
	}
	mutex_unlock(&ids->lock);
}
