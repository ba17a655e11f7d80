/*
 * mm/mmap.c: new mappings.
 * Order: the request is checked against the file and the limits first, then a place is found, then what was there goes
 * (MAP_FIXED), then the region is put in. As on Linux, a MAP_FIXED request that fails late may have unmapped its range.
 * Way in: mmap(2), mm_map() (exec, shared memory), mm_map_parts() (exec). Locks: mm->lock for writing.
 * Errors: as mmap(2); ENOMEM also for more than mm_count_max regions. Source: mmap(2), Linux 6.1.
 * Differences from Linux: there are no huge pages, so MAP_HUGETLB is ENOMEM as with an empty pool there.
 */
#include "mm/region.h"
#include "mm/populate.h"
#include "fs/vfs.h"
#include "task/task.h"
#include "syscall/define.h"
#include <linux/mman.h>
#include <asm/resource.h>
#include <linux/capability.h>
#include <linux/personality.h>

#define FILE_BYTES_MAX 0x7fffffffffffffffUL
#ifndef MAP_32BIT
#define MAP_32BIT 0
#endif
/* What MAP_SHARED_VALIDATE knows: the flags from before it. The rest it refuses, MAP_FIXED_NOREPLACE too. */
#define MAP_FLAGS_OLD (MAP_SHARED | MAP_PRIVATE | MAP_FIXED | MAP_ANONYMOUS | MAP_DENYWRITE | MAP_EXECUTABLE | \
		       MAP_GROWSDOWN | MAP_LOCKED | MAP_NORESERVE | MAP_POPULATE | MAP_NONBLOCK | MAP_STACK | \
		       MAP_HUGETLB | MAP_32BIT | MAP_UNINITIALIZED | (MAP_HUGE_MASK << MAP_HUGE_SHIFT))

struct map_request {
	struct mm *mm;
	uptr addr;
	size_t len;
	int flags;		/* MAP_* */
	u64 vm_flags;
	struct file *file;	/* borrowed, or new_file */
	struct file *new_file;	/* reference: made for this mapping, or NULL */
	u64 offset_pages;
};

/* -- checks, before anything changes ----------------------------------------------------------------------------- */
static int check_sizes(struct map_request *r)
{
	if (!r->len)
		return -EINVAL;
	if (r->flags & MAP_FIXED_NOREPLACE)
		r->flags |= MAP_FIXED;
	if (!(r->flags & MAP_FIXED)) {
		r->addr &= PAGE_MASK;
		if (r->addr && r->addr < (uptr)mm_min_addr)
			r->addr = ALIGN_UP((uptr)mm_min_addr, PAGE_SIZE);
	}
	r->len = ALIGN_UP(r->len, PAGE_SIZE);
	if (!r->len || r->len > USER_END)
		return -ENOMEM;
	if (r->offset_pages + (r->len >> PAGE_SHIFT) < r->offset_pages)
		return -EOVERFLOW;
	return 0;
}

static bool is_taken(struct mm *mm, uptr start, uptr end)
{
	bool result;

	rw_read_lock(&mm->lock);
	result = vma_overlaps(&mm->vmas, start, end);
	rw_read_unlock(&mm->lock);
	return result;
}

/* What the address space decides before the file is asked. It may change until its lock is taken for good, so
 * place_and_map() asks again. */
static int check_address_space(struct map_request *r)
{
	struct mm *mm = r->mm;

	if (READ_ONCE(mm->vmas.count) > (u32)mm_count_max)
		return -ENOMEM;
	if (r->flags & MAP_FIXED) {
		long place = region_place(mm, r->addr, r->len, MAP_FIXED);

		if (place < 0)
			return place;
	}
	if ((r->flags & MAP_FIXED_NOREPLACE) && is_taken(mm, r->addr, r->addr + r->len))
		return -EEXIST;
	if ((r->flags & MAP_LOCKED) && !current_limit(RLIMIT_MEMLOCK) && !capable(CAP_IPC_LOCK))
		return -EPERM;
	if (!region_may_lock(mm, r->vm_flags | READ_ONCE(mm->locked_default_flags), r->len >> PAGE_SHIFT))
		return -EAGAIN;
	return 0;
}

static int check_shared_file(struct map_request *r)
{
	struct file *f = r->file;

	if ((r->flags & MAP_TYPE) == MAP_SHARED_VALIDATE && (r->flags & ~(MAP_FLAGS_OLD | MAP_SHARED_VALIDATE)))
		return -EOPNOTSUPP;
	if ((r->vm_flags & VM_WRITE) && !(f->mode & FMODE_WRITE))
		return -EACCES;
	if (f->inode && f->inode->is_append_only && (f->mode & FMODE_WRITE))
		return -EACCES;
	r->vm_flags |= VM_SHARED | VM_MAYSHARE;
	if (!(f->mode & FMODE_WRITE))
		r->vm_flags &= ~(VM_MAYWRITE | VM_SHARED);
	return 0;
}

/* A device says itself what a mapping of it is. */
static int ask_device(struct map_request *r)
{
	struct vma v = { .end = r->len, .flags = r->vm_flags, .offset_pages = r->offset_pages, .file = r->file };
	int err;

	if (!r->file->ops || !r->file->ops->mmap)
		return r->file->inode && r->file->inode->mapping ? 0 : -ENODEV;
	err = r->file->ops->mmap(r->file, &v);
	if (err)
		return err;
	if (v.file != r->file)
		r->new_file = r->file = v.file;
	r->vm_flags = v.flags;
	return 0;
}

static int check_file(struct map_request *r)
{
	int type = r->flags & MAP_TYPE, err = 0;

	if (r->offset_pages > (FILE_BYTES_MAX - r->len) >> PAGE_SHIFT)
		return -EOVERFLOW;
	if (type == MAP_SHARED || type == MAP_SHARED_VALIDATE)
		err = check_shared_file(r);
	else if (type != MAP_PRIVATE)
		err = -EINVAL;
	if (err)
		return err;
	if (!(r->file->mode & FMODE_READ))
		return -EACCES;
	if (path_is_noexec(&r->file->path)) {
		if (r->vm_flags & VM_EXEC)
			return -EPERM;
		r->vm_flags &= ~VM_MAYEXEC;
	}
	if (!(r->file->ops && r->file->ops->mmap) && !(r->file->inode && r->file->inode->mapping))
		return -ENODEV;
	if (r->vm_flags & VM_GROWSDOWN)
		return -EINVAL;
	return ask_device(r);
}

static int check_anonymous(struct map_request *r)
{
	struct file *f;

	if ((r->flags & MAP_TYPE) == MAP_PRIVATE)
		return 0;
	if ((r->flags & MAP_TYPE) != MAP_SHARED || (r->vm_flags & VM_GROWSDOWN))
		return -EINVAL;
	r->vm_flags |= VM_SHARED | VM_MAYSHARE;
	r->offset_pages = 0;
	f = shmem_file_new("dev/zero", r->len, r->vm_flags);
	if (IS_ERR(f))
		return PTR_ERR(f);
	r->file = r->new_file = f;
	return 0;
}

static int check_request(struct map_request *r)
{
	int err = check_sizes(r);

	if (!err)
		err = check_address_space(r);
	if (err)
		return err;
	if ((r->flags & MAP_NORESERVE) && overcommit_mode != 2)
		r->vm_flags |= VM_NORESERVE;
	return r->file ? check_file(r) : check_anonymous(r);
}

/* -- putting it in; mm->lock is held for writing ------------------------------------------------------------------ */
/* One user serves all mappings of a program's segments: v's is taken if it is of the same kind. */
static struct mapping_user *share_user(const struct map_request *r, const struct vma *v, bool is_writable)
{
	if (!v || v->file != r->file || v->user->is_writable != is_writable)
		return NULL;
	mapping_user_get(v->user);
	return v->user;
}

/* under: what it is mapped over, or NULL: nothing is there. */
static struct mapping_user *find_user(const struct map_request *r, const struct vma *under, bool is_writable)
{
	struct mapping_user *user = share_user(r, under, is_writable);

	if (!user)
		user = share_user(r, vma_at(&r->mm->vmas, r->addr + r->len), is_writable);
	if (!user)
		user = share_user(r, vma_at(&r->mm->vmas, r->addr - 1), is_writable);
	return user ? user : mapping_user_new(r->mm, r->file, is_writable);
}

/* Pages that the range holds already: a MAP_FIXED request gives them back. */
static u64 pages_mapped(struct mm *mm, uptr start, uptr end)
{
	u64 pages = 0;

	for (struct vma *v = vma_find(&mm->vmas, start); v && v->start < end; v = vma_next(&mm->vmas, v))
		pages += (MIN(v->end, end) - MAX(v->start, start)) >> PAGE_SHIFT;
	return pages;
}

static int insert_region(struct map_request *r, const struct vma *under, u64 vm_flags)
{
	struct vma v = { .start = r->addr, .end = r->addr + r->len, .flags = vm_flags, .file = r->file,
			 .offset_pages = r->file ? r->offset_pages : r->addr >> PAGE_SHIFT };
	int err;

	if (r->file) {
		v.user = find_user(r, under, (vm_flags & (VM_SHARED | VM_MAYWRITE)) == (VM_SHARED | VM_MAYWRITE));
		if (IS_ERR(v.user))
			return PTR_ERR(v.user);
		if (vm_flags & VM_EXEC)
			WRITE_ONCE(v.user->is_library, true);
	}
	err = under ? region_replace(r->mm, &v) : region_insert(r->mm, &v);
	if (v.user)
		mapping_user_put(v.user, &r->mm->vmas.dead);
	return err;
}

static int map_region(struct map_request *r)
{
	u64 pages = r->len >> PAGE_SHIFT, flags = r->vm_flags;
	bool is_charged = (flags & (VM_NORESERVE | VM_SHARED | VM_WRITE)) == VM_WRITE;
	const struct vma *under = NULL;
	int err;

	if (!region_may_expand(r->mm, flags, pages) &&
	    !region_may_expand(r->mm, flags, pages - pages_mapped(r->mm, r->addr, r->addr + r->len)))
		return -ENOMEM;
	if (r->flags & MAP_FIXED)	/* any other place is free */
		under = region_around(r->mm, r->addr, r->addr + r->len);
	if ((r->flags & MAP_FIXED) && !under) {
		err = region_unmap(r->mm, r->addr, r->addr + r->len);
		if (err)
			return err;
	}
	if (is_charged) {
		err = commit_charge(pages);
		if (err)
			return err;
		flags |= VM_ACCOUNT;
	}
	err = insert_region(r, under, flags);
	if (err && is_charged)
		commit_uncharge(pages);
	return err;
}

static long place_and_map(struct map_request *r)
{
	struct mm *mm = r->mm;
	long addr;
	int err;

	if (mm->vmas.count > (u32)mm_count_max)
		return -ENOMEM;
	addr = region_place(mm, r->addr, r->len, r->flags);
	if (addr < 0)
		return addr;
	r->addr = addr;
	if ((r->flags & MAP_FIXED_NOREPLACE) && vma_overlaps(&mm->vmas, r->addr, r->addr + r->len))
		return -EEXIST;
	r->vm_flags |= mm->locked_default_flags;
	if (!region_may_lock(mm, r->vm_flags, r->len >> PAGE_SHIFT))
		return -EAGAIN;
	err = map_region(r);
	return err ? err : addr;
}

long mm_map(struct mm *mm, uptr addr, size_t len, unsigned prot, unsigned map_flags, u64 vm_flags, struct file *file,
	    u64 offset_pages)
{
	struct map_request r = { .mm = mm, .addr = addr, .len = len, .flags = map_flags, .file = file,
				 .offset_pages = offset_pages };
	long result;

	r.vm_flags = vm_flags | region_flags_of_prot(prot) | VM_MAYREAD | VM_MAYWRITE | VM_MAYEXEC |
		     (map_flags & MAP_GROWSDOWN ? VM_GROWSDOWN : 0) | (map_flags & MAP_LOCKED ? VM_LOCKED : 0);
	result = check_request(&r);
	if (!result)
		result = rw_write_lock_killable(&mm->lock);
	if (!result) {
		result = place_and_map(&r);
		mm_write_unlock(mm);
	}
	if (r.new_file)
		file_put(r.new_file);
	if (result > 0 && ((r.vm_flags & VM_LOCKED) || (map_flags & (MAP_POPULATE | MAP_NONBLOCK)) == MAP_POPULATE))
		mm_populate_ignoring_errors(mm, r.addr, r.addr + r.len);
	return result;
}

/* -- a program's parts --------------------------------------------------------------------------------------------- */
#define PART_FLAGS (MAP_PRIVATE | MAP_FIXED)

/* What mm_map would put in for the part, once all that it checks before is right. */
static int part_check(struct mm *mm, struct file *file, const struct image_part *p, struct vma *v)
{
	struct map_request r = { .mm = mm, .addr = p->start, .len = p->end - p->start, .flags = PART_FLAGS,
				 .file = p->is_file ? file : NULL, .offset_pages = p->offset_pages };
	int err;

	r.vm_flags = region_flags_of_prot(p->prot) | VM_MAYREAD | VM_MAYWRITE | VM_MAYEXEC;
	err = check_request(&r);
	if (r.new_file) {
		file_put(r.new_file);
		err = -EAGAIN;
	}
	*v = (struct vma){ .start = p->start, .end = p->end, .flags = r.vm_flags, .file = r.file,
			   .offset_pages = r.file ? r.offset_pages : p->start >> PAGE_SHIFT };
	if (v->flags & VM_WRITE)
		v->flags |= VM_ACCOUNT;
	return err;
}

/* Puts them in by one edit, or changes nothing. */
static int insert_parts(struct mm *mm, struct file *file, struct vma *v, unsigned n)
{
	struct mapping_user *user;
	u64 pages = 0, charged = 0;
	int err;

	for (unsigned i = 0; i < n; i++) {
		pages += region_pages(&v[i]);
		charged += v[i].flags & VM_ACCOUNT ? region_pages(&v[i]) : 0;
	}
	if (mm->locked_default_flags || !region_may_expand(mm, 0, pages) || !region_may_expand(mm, VM_WRITE, charged))
		return -EAGAIN;
	user = mapping_user_new(mm, file, false);
	if (IS_ERR(user))
		return PTR_ERR(user);
	for (unsigned i = 0; i < n; i++)
		v[i].user = v[i].file ? user : NULL;
	err = commit_charge(charged);
	if (!err) {
		err = region_insert_row(mm, v, n);
		if (err)
			commit_uncharge(charged);
	}
	mapping_user_put(user, &mm->vmas.dead);
	return err;
}

static int map_parts_at_once(struct mm *mm, struct file *file, const struct image_part *parts, unsigned n)
{
	struct vma v[IMAGE_PARTS_MAX];
	int err = 0;

	for (unsigned i = 0; i < n && !err; i++)
		err = part_check(mm, file, &parts[i], &v[i]);
	if (!err)
		err = rw_write_lock_killable(&mm->lock);
	if (err)
		return err;
	err = insert_parts(mm, file, v, n);
	mm_write_unlock(mm);
	return err;
}

/* What cannot be done at once is done one after the other, which tells what is wrong. */
int mm_map_parts(struct mm *mm, struct file *file, const struct image_part *parts, unsigned n)
{
	if (!map_parts_at_once(mm, file, parts, n))
		return 0;
	for (const struct image_part *p = parts; p < parts + n; p++) {
		long at = mm_map(mm, p->start, p->end - p->start, p->prot,
				 PART_FLAGS | (p->is_file ? 0 : MAP_ANONYMOUS), 0, p->is_file ? file : NULL, p->offset_pages);
		if (at < 0)
			return (int)at;
	}
	return 0;
}

long mm_place(struct mm *mm, uptr hint, size_t len)
{
	struct map_request r = { .mm = mm, .addr = hint, .len = len, .flags = MAP_PRIVATE | MAP_ANONYMOUS };
	long place = check_sizes(&r);

	if (place)
		return place;
	rw_read_lock(&mm->lock);
	place = region_may_expand(mm, 0, r.len >> PAGE_SHIFT) ? region_place(mm, r.addr, r.len, r.flags) : -ENOMEM;
	rw_read_unlock(&mm->lock);
	return place;
}

/* -- the call --------------------------------------------------------------------------------------------------- */
/* As with an empty pool of pages of one size: nothing but the errors is there. */
static long refuse_huge(uptr addr, size_t len, int flags, bool has_file)
{
	int size_log = (flags >> MAP_HUGE_SHIFT) & MAP_HUGE_MASK, type = flags & MAP_TYPE;

	if (has_file || !len || (size_log != 0 && size_log != PT_SHIFT(1)))
		return -EINVAL;
	if (type != MAP_SHARED && type != MAP_PRIVATE && type != MAP_SHARED_VALIDATE)
		return -EINVAL;
	if ((flags & (MAP_FIXED | MAP_FIXED_NOREPLACE)) && !IS_ALIGNED(addr, PT_SPAN(1)))
		return -EINVAL;
	return -ENOMEM;
}

long sys_mmap(uptr addr, size_t len, int prot, int flags, int fd, unsigned long offset)
{
	struct file *file = NULL;
	long result;

	if (offset & ~PAGE_MASK)
		return -EINVAL;
	if (!(flags & MAP_ANONYMOUS)) {
		file = fd_get(fd);
		if (!file)
			return -EBADF;
	}
	if ((prot & PROT_READ) && (current->personality & READ_IMPLIES_EXEC) && !(file && path_is_noexec(&file->path)))
		prot |= PROT_EXEC;
	if (flags & MAP_HUGETLB)
		result = refuse_huge(addr, len, flags, file);
	else
		result = mm_map(current->mm, addr, len, prot, flags, 0, file, offset >> PAGE_SHIFT);
	if (file)
		file_put(file);
	return result;
}
