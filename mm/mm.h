/*
 * mm/mm.h: an address space: the regions (a persistent B+tree of VMAs) and the page tables.
 *
 * Locks: mm->lock (rwlock): regions; faults hold it for reading, mmap, munmap, brk, mprotect, fork for writing.
 * mm->pt_lock (spinlock): the page tables (see pagetable.h).
 * Lifetime: users counts tasks (and temporary users) of the address space: at 0 it is torn down; count keeps the
 * struct itself (a CPU that has it loaded lazily, /proc).
 */
#ifndef MM_MM_H
#define MM_MM_H
#include "mm/page.h"
#include "mm/pagetable.h"
#include "sync/mutex.h"

struct file;
struct task;
struct mapping;
struct mapping_user;
struct mm_family;
struct vma_node;

/* VMA flags: Linux's values where /proc/PID/smaps shows them. */
#define VM_READ BIT(0)
#define VM_WRITE BIT(1)
#define VM_EXEC BIT(2)
#define VM_SHARED BIT(3)
#define VM_MAYREAD BIT(4)
#define VM_MAYWRITE BIT(5)
#define VM_MAYEXEC BIT(6)
#define VM_MAYSHARE BIT(7)
#define VM_GROWSDOWN BIT(8)
#define VM_ATTACHED BIT(9)	/* System V shared memory: its file is told of copies and ends; never merged */
#define VM_LOCKED BIT(13)
#define VM_LOCKONFAULT BIT(19)
#define VM_DONTFORK BIT(17)	/* MADV_DONTFORK */
#define VM_DONTEXPAND BIT(18)
#define VM_ACCOUNT BIT(20)	/* counted in the commit limit */
#define VM_NORESERVE BIT(21)
#define VM_WIPEONFORK BIT(25)
#define VM_DONTDUMP BIT(26)
#define VM_SPECIAL BIT(27)	/* vDSO, vvar: frames not counted, no mremap/mlock */
#define VM_STACK BIT(28)	/* the initial stack, for /proc's [stack] */
#define VM_SEQ_READ BIT(15)
#define VM_RAND_READ BIT(16)
#define VM_NOHUGEPAGE BIT(30)
#define VM_HUGEPAGE BIT(29)
#define VM_FORK_SPECIAL (VM_DONTFORK | VM_WIPEONFORK | VM_LOCKED | VM_LOCKONFAULT)	/* what fork must change */

/*
 * A region: a value in a leaf of the tree. The leaf node that holds the value holds one count of user (file_users.c),
 * and user holds the file. Code outside mm/ reads file only; it makes regions with mm_map().
 */
struct vma {
	uptr start, end;	/* page-aligned, [start, end) */
	u64 flags;		/* VM_* */
	u64 offset_pages;	/* file: page number at start; private anonymous: start >> PAGE_SHIFT at creation */
	struct file *file;	/* borrowed from user, or NULL: anonymous */
	struct mapping_user *user;	/* a count of the node, or NULL: anonymous */
	const char *name;	/* static: "[vdso]", "[vvar]", or NULL */
};

/* Kept free below a region that grows down (Linux's stack_guard_gap). */
#define VMA_GUARD_BYTES (256 * PAGE_SIZE)
/* Where a region begins for those who look for free room. */
static inline uptr vma_guarded_start(const struct vma *v)
{
	if (!(v->flags & VM_GROWSDOWN))
		return v->start;
	return v->start > VMA_GUARD_BYTES ? v->start - VMA_GUARD_BYTES : 0;
}

struct vma_tree {
	struct vma_node *root;	/* owned reference; NULL: empty. Bodies are immutable while their count is above 1 */
	u32 count;		/* regions */
	struct mapping_user *dead;	/* owned: what edits let go; freed by mm_write_unlock, or vma_tree_drop */
};

struct mm {
	refcount_t users;		/* tasks and temporary users; at 0 the address space goes */
	refcount_t count;		/* keeps this struct; users together hold one */
	struct rwlock lock;
	struct vma_tree vmas;		/* under lock */
	struct spinlock pt_lock;
	struct page *root;		/* owned: the root table. under pt_lock */
	u64 cpus_loaded;		/* bit per CPU that may cache this mm; atomic */
	uptr mmap_base;			/* top of the area for mmap, which grows down */
	bool maps_upwards;		/* the old layout (ADDR_COMPAT_LAYOUT): mmap goes up from a third of the space */
	uptr brk_start, brk;		/* under lock */
	uptr code_start, code_end, data_start, data_end, stack_start;
	uptr args_start, args_end, env_start, env_end;
	u64 total_pages, locked_pages, data_pages, stack_pages, exec_pages, committed_pages; /* under lock */
	u64 peak_total_pages;
	u64 peak_rss_pages;		/* under pt_lock */
	u64 locked_default_flags;	/* mlockall(MCL_FUTURE): VM_LOCKED | VM_LOCKONFAULT or 0 */
	struct file *exe_file;		/* reference */
	struct user_namespace *user_ns;	/* reference: where its program was started: who has rights over what it is not to show */
	u64 auxv[2 * 24];		/* for /proc/PID/auxv */
	uptr vdso;			/* address of the vDSO, 0: none */
	int dumpable;			/* SUID_DUMP_* */
	u32 membarrier_registered;	/* MEMBARRIER_CMD_REGISTER_* that were called; atomic. fork copies it, exec forgets it */
	u32 core_filter;		/* what a core file holds: /proc/PID/coredump_filter */
	bool refuses_huge_pages;	/* PR_SET_THP_DISABLE: kept by fork and exec, and only told */
	struct task *owner;		/* borrowed: the group's leader, for the OOM killer; tasklist_lock */
	u64 minor_faults;
	u32 census_round;		/* mm/census.c's own */
	struct vma *last_fault;		/* borrowed under lock: a guess for the next fault; every edit forgets it */
	struct mm_family *family;	/* reference: those that fork made from one another (file_users.c) */
	struct list family_node;	/* family->lock */
#ifdef FURCA_RECOUNT
	struct list all_node;		/* debug/recount.c's own */
#endif
};

/* -- life -- */
struct mm *mm_new(void);					/* empty; NULL: out of memory */
/* fork's copy: regions by one count, tables by one table_copy. Takes parent->lock for writing. written: an address that both
 * are about to write, or 0. ERR_PTR(-ENOMEM): memory or the commit limit; nothing changed. */
struct mm *mm_copy(struct mm *parent, uptr written);
static inline struct mm *mm_get(struct mm *mm) { refcount_inc(&mm->users); return mm; }
void mm_put(struct mm *mm);		/* gives up a use; tears the address space down at 0. May sleep */
/* madvise of any address space: 0, or as madvise(2). Takes mm->lock. madvise.c */
int mm_advise(struct mm *mm, uptr addr, size_t len, int advice);
static inline void mm_hold(struct mm *mm) { refcount_inc(&mm->count); }
void mm_release(struct mm *mm);		/* gives up a hold on the struct; never sleeps */
void mm_load(struct mm *mm);		/* switch this CPU to mm's tables (NULL: keep what is loaded, lazily) */
void mm_load_at_switch(struct mm *mm);	/* the same; they are others than those loaded, and interrupts are off */

/* -- regions (mm/vma.c) -- */
struct vma *vma_find(struct vma_tree *t, uptr addr);	/* first region with end > addr, or NULL; borrowed under lock */
struct vma *vma_at(struct vma_tree *t, uptr addr);		/* the region that holds addr, or NULL */
struct vma *vma_next(struct vma_tree *t, const struct vma *v);	/* by address */
struct vma *vma_prev(struct vma_tree *t, uptr addr);		/* last region with end <= addr, or NULL */
bool vma_overlaps(struct vma_tree *t, uptr start, uptr end);
/* The highest (down) or lowest (up) free range of len bytes inside [low, high): its start, or 0: none. */
uptr vma_find_gap_down(struct vma_tree *t, uptr low, uptr high, size_t len);
uptr vma_find_gap_up(struct vma_tree *t, uptr low, uptr high, size_t len);
/* Edits: path copies; the tree is unchanged when they fail with -ENOMEM. Under mm->lock for writing. */
int __must_check vma_insert(struct vma_tree *t, const struct vma *v);	/* takes its own reference to v->file */
int __must_check vma_erase(struct vma_tree *t, uptr start);		/* the region that starts there */
int __must_check vma_replace(struct vma_tree *t, uptr start, const struct vma *v);	/* its place, not its order */
int __must_check vma_split(struct vma_tree *t, uptr addr);		/* so that no region crosses addr */
/* Edits make all nodes on their path private first; this does only that, so that later in-place edits cannot fail. */
int __must_check vma_own_range(struct vma_tree *t, uptr start, uptr end);
void vma_tree_copy(struct vma_tree *to, const struct vma_tree *from);	/* one count */
void vma_tree_drop(struct vma_tree *t);		/* releases files: no lock is held */
bool vma_tree_has_special(const struct vma_tree *t, u64 flags);		/* any region with one of these flags: O(1) */
/* First region with end > addr that has one of flags, or NULL; O(log n). */
struct vma *vma_find_flagged(struct vma_tree *t, uptr addr, u64 flags);
/* Ends an edit of mm->vmas: unlocks mm->lock, then releases the files that the edit let go (which may sleep and take
 * inode locks). Every holder of mm->lock for writing ends with this. */
void mm_write_unlock(struct mm *mm);

/* -- families (mm/file_users.c): how truncation finds every mm that may map a file, at no cost to fork -- */
/* mm_new: a family of its own. 0 or -ENOMEM. */
int __must_check mm_family_start(struct mm *mm);
/* mm_copy: child (zeroed family fields) joins parent's family. Before parent->lock is taken and the root is copied. */
void mm_family_join(struct mm *child, struct mm *parent);
/* Teardown, after tables and regions were dropped (under mm->lock for writing). Accepts "never had". May sleep. */
void mm_family_leave(struct mm *mm);

/* -- mappings (mm/mmap.c and friends); mm->lock is taken inside unless _locked -- */
/* Maps file (or anonymous: NULL) at addr (a hint, or fixed by MAP_FIXED). Returns the address or -errno. */
long mm_map(struct mm *mm, uptr addr, size_t len, unsigned prot, unsigned map_flags, u64 vm_flags, struct file *file,
	    u64 offset_pages);
/* exec: maps the parts of a program as private mappings at their places, as mm_map with MAP_FIXED would one after the
 * other. They ascend and do not overlap. 0 or -errno: some may be mapped then. */
#define IMAGE_PARTS_MAX 8
struct image_part {
	uptr start, end;	/* page-aligned */
	unsigned prot;
	bool is_file;		/* else anonymous */
	u64 offset_pages;
};
int __must_check mm_map_parts(struct mm *mm, struct file *file, const struct image_part *parts, unsigned n);
int __must_check mm_unmap(struct mm *mm, uptr start, size_t len);
/* exec: where a private mapping of len bytes would be put: near hint, if that is free. The address or -errno. */
long mm_place(struct mm *mm, uptr hint, size_t len);
/* exec: special regions over given uncounted frames (vDSO), one behind the other from addr on. */
#define SPECIAL_PARTS_MAX 2
struct special_part {
	const char *name;	/* stays where it is */
	u64 vm_flags;
	size_t pages;
	const u64 *pfns;
};
int __must_check mm_map_special(struct mm *mm, uptr addr, const struct special_part *parts, unsigned n);
/* The first page of the special region of that name, if there is one, becomes this frame. 0 or -ENOMEM. */
int __must_check mm_replace_special(struct mm *mm, const char *name, u64 pfn);
long mm_brk(struct mm *mm, uptr brk);
/* A fault below a VM_GROWSDOWN region: grows it to hold addr. No lock held. 0: retry the fault; -errno: SIGSEGV. */
int __must_check mm_expand_stack(struct mm *mm, uptr addr);
/* Faults in what [start, end) maps (MAP_POPULATE, mlock); stops at the first error: 0, -EFAULT, -ENOMEM, -EINTR. */
int mm_populate(struct mm *mm, uptr start, uptr end);

/* -- attached files (mm/attached.c): regions with VM_ATTACHED -- */
/* shmdt(2): unmaps what is left of the mapping that was made at addr. -EINVAL: there is none; -ENOMEM, -EINTR. */
int __must_check mm_detach(struct mm *mm, uptr addr);
/* Tells each attached file that its regions were inherited or (is_end) go with the whole address space. No lock is held. */
void mm_tell_attached(struct mm *mm, bool is_end);
/* How many regions, of all address spaces, map m. The inode's lock is held, and no lock of an mm. */
u64 mapping_count_regions(struct mapping *m);

/* -- faults (mm/fault.c) -- */
/* Settles a user fault. access: FAULT_*. 0, or the signal as -SIGSEGV/-SIGBUS with *code, or -ENOMEM (out of memory was
 * already handled: retry or die), or -EINTR. Takes mm->lock for reading. */
int mm_fault(struct mm *mm, uptr addr, unsigned access, int *code);
/* exec: maps what the page cache holds of the regions of [start, end) that are not written, the large ones left out. What
 * is not mapped, for want of memory too, faults later. */
void mm_map_resident(struct mm *mm, uptr start, uptr end);
/* exec: gives the pages of the small private regions of files in [start, end) that may be written frames of their own. */
void mm_copy_ahead(struct mm *mm, uptr start, uptr end);
/* Foreign access (ptrace, /proc/PID/mem, process_vm_*, exec's argument pages): copies to or from another mm; a write
 * owns the path first (and, forced, copies a private page even if read-only). Returns bytes done or -EFAULT. */
#define ACCESS_WRITE 1
#define ACCESS_FORCE 2
ssize_t mm_access(struct mm *mm, uptr addr, void *buf, size_t len, unsigned how);
/* The frame behind addr for a futex key or a pin, faulted in if need be; a reference is taken. ERR_PTR(-EFAULT). */
struct page *mm_pin(struct mm *mm, uptr addr, bool is_write);

u64 mm_rss_pages(const struct mm *mm);
/* -- limits -- */
int __must_check commit_charge(u64 pages);	/* overcommit accounting: 0 or -ENOMEM */
void commit_charge_forced(u64 pages);		/* the same, without asking: what was charged before comes back */
void commit_uncharge(u64 pages);
u64 commit_used(void);
u64 commit_limit(void);
extern int overcommit_mode;			/* /proc/sys/vm/overcommit_memory: 0, 1, 2 */
extern int overcommit_ratio, overcommit_kbytes;	/* the one that was written last holds; the other is 0 */
extern int commit_admin_reserve_kbytes, commit_user_reserve_kbytes;
extern int mm_count_max;			/* /proc/sys/vm/max_map_count */
extern int mm_min_addr;				/* /proc/sys/vm/mmap_min_addr */
/* mm/oom.c: kills the largest task and says so; returns once memory may be there, or true if current must die. */
bool oom_kill(void);
void oom_victim_is_gone(struct task *leader);	/* at the exit of a killed process's last thread, its memory given back */

/* -- page cache (mm/mapping.c): the pages of one file -- */
struct mapping_ops {
	/* Fills a new page of the file (contents undefined). NULL: a file system in memory, where what is not
	 * there reads as zeroes. May sleep; mapping->lock is held. 0 or -errno. */
	int (*read_page)(struct mapping *m, struct page *p, u64 index);
	void (*page_freed)(struct mapping *m, struct page *p);	/* accounting, may be NULL */
	/* Size limit of the file system: pages more (negative: fewer). 0 or -ENOSPC, may be NULL. mapping->lock held */
	int (*charge)(struct mapping *m, long pages);
};
struct mapping {
	void *host;			/* borrowed: the inode (fs/vfs.h) */
	const struct mapping_ops *ops;
	struct mutex lock;		/* read-in and truncation */
	struct spinlock pages_lock;
	void *pages;			/* radix tree by index (mapping_index.c). changed under lock and pages_lock */
	u8 pages_height;		/* levels of nodes; 0: pages is the page of index 0 itself, or NULL */
	u64 page_count;			/* pages_lock */
	u64 size_bytes;			/* file size: faults beyond its last page are SIGBUS. lock */
	enum page_kind kind;		/* PAGE_FILE or PAGE_SHMEM */
	struct spinlock vma_lock;
	struct list mms;		/* struct mapping_user: address spaces that map it. under vma_lock */
	atomic_t writable_mappings;
};
void mapping_init(struct mapping *m, void *host, const struct mapping_ops *ops, enum page_kind kind);
/* Shared writable mappings against a seal: map fails once denied; deny fails while there are any (undone by allow). */
bool __must_check mapping_map_writable(struct mapping *m);
void mapping_unmap_writable(struct mapping *m);
bool __must_check mapping_deny_writable(struct mapping *m);
static inline void mapping_allow_writable(struct mapping *m) { atomic_inc(&m->writable_mappings); }
void mapping_destroy(struct mapping *m);		/* frees all pages; nobody maps it any more */
/* The page at index with a reference, read in if missing. ERR_PTR: -EFAULT beyond the end of the file (a fault's
 * SIGBUS), -ENOMEM, -ENOSPC, -EIO. A fault holds mm->lock for reading from here until the page is installed: that is
 * what truncation waits for. peek: NULL if missing. */
struct page *mapping_get(struct mapping *m, u64 index);
struct page *mapping_peek(struct mapping *m, u64 index);
/* The pages from index on, borrowed under pages_lock, a NULL for each that is not there; their number, at most the *n
 * asked for and at least 1, in *n (the rest has to be asked for again). NULL: none of these is there. A fault that maps
 * some is under the same rule as with mapping_get. */
struct page *const *mapping_run(const struct mapping *m, u64 index, unsigned *n);
/* Puts an existing frame (initrd memory) in as a page; takes the reference over. 0 or -ENOMEM. */
int __must_check mapping_insert(struct mapping *m, u64 index, struct page *p);
/* Sets the size. A cut frees pages beyond, zeroes the tail of the last one, unmaps them everywhere (private copies
 * too). The inode's lock is held, and no lock of an mm. */
void mapping_truncate(struct mapping *m, u64 new_size);
/* FALLOC_FL_PUNCH_HOLE: bytes; private copies stay. As above. */
void mapping_punch(struct mapping *m, u64 start, u64 end);
/* fallocate: makes the pages of [start, end) exist; the size is the caller's. 0, -ENOSPC, -ENOMEM, -EINTR (in part). */
int __must_check mapping_allocate(struct mapping *m, u64 start, u64 end);
/* Offset of the first byte at or after pos that is in a page (data), or in none (hole); size_bytes if there is none. */
u64 mapping_seek(struct mapping *m, u64 pos, bool for_data);
/* The writers hold the inode's lock. Results: bytes (fewer: a fault, or no room), -EFAULT, -ENOSPC, -ENOMEM. */
ssize_t mapping_read(struct mapping *m, loff pos, uptr buf, size_t n);	/* to user memory; stops at size_bytes */
ssize_t mapping_write(struct mapping *m, loff pos, uptr buf, size_t n);	/* grows size_bytes */
ssize_t mapping_read_kernel(struct mapping *m, loff pos, void *buf, size_t n);
ssize_t mapping_write_kernel(struct mapping *m, loff pos, const void *buf, size_t n);
#endif
