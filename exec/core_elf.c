/*
 * exec/core_elf.c: the core file itself: an ELF file of type ET_CORE: a segment of notes (each thread's registers, what
 * the process was, its signal, auxiliary vector and mapped files), then one segment for each region.
 * Which regions' bytes are in it: mm->core_filter's bits, as core(5) describes them; a page that nobody has touched, or
 * that is all zero, is a hole in the file.
 * Way in: core.c; the group's other threads are held. Locks: mm->lock for reading while the regions are listed and while a
 * page is looked up. Errors: the file ends where the limit, the disk or SIGKILL ends it.
 * Source: core(5), elf(5); the System V ABI for notes; the layout of the structs: <sys/procfs.h>.
 */
#include "exec/core.h"
#include "arch/arch.h"
#include "base/string.h"
#include "elf_arch.h"
#include "fs/proc/proc.h"
#include "mm/pagetable.h"
#include "mm/mm.h"
#include "mm/report.h"
#include "mm/slab.h"
#include "mm/user_access.h"
#include <linux/elf.h>

#define NOTES_MAX (4UL << 20)
#define WALK_PAGES 64

/* <sys/procfs.h>'s, which no kernel header has. */
struct core_status {
	s32 signo, code, error;
	s16 current_signal;
	u64 pending, blocked;
	s32 pid, ppid, pgrp, sid;
	struct { s64 seconds, microseconds; } user, system, children_user, children_system;
	u8 regs[ELF_ARCH_GREGS_BYTES];
	s32 has_fpu;
};
struct core_process {
	s8 state, state_letter, is_zombie, nice;
	u64 flags;
	u32 uid, gid;
	s32 pid, ppid, pgrp, sid;
	char name[16], args[80];
};
_Static_assert(sizeof(struct core_status) == 112 + ELF_ARCH_GREGS_BYTES + 8 && sizeof(struct core_process) == 136, "procfs");

struct segment { uptr start, end; u64 bytes; u64 offset_pages; u64 flags; struct file *file; bool is_special; };
struct core {
	struct core_file *out;
	struct segment *segments;	/* owned, files referenced */
	u32 count;
	struct text notes;
	u8 *page;			/* owned */
};

/* -- writing -- */

static void put_bytes(struct core_file *c, const void *buf, size_t n)
{
	if (c->has_failed || fatal_signal_is_pending() || (u64)c->pos + n > c->limit ||
	    file_write_kernel(c->file, buf, n, &c->pos) != (ssize_t)n)
		c->has_failed = true;
	c->is_hole = false;
}

static void skip(struct core_file *c, size_t n)
{
	c->pos += (loff)n;
	c->is_hole = true;
	c->has_failed |= fatal_signal_is_pending();
}

/* A hole at the end becomes part of the file. */
static void finish(struct core_file *c)
{
	if (!c->is_hole || c->has_failed)
		return;
	c->pos--;
	put_bytes(c, "", 1);
}

/* -- the regions -- */

static bool is_anonymous_entry(uptr va, pte_t e, unsigned others, void *arg)
{
	bool *found = arg;

	*found = !pte_is_special(e) && pfn_to_page(pte_pfn(e))->kind == PAGE_ANON;
	return *found;
}

static bool has_private_pages(struct mm *mm, const struct vma *v)
{
	bool found = false;

	pt_walk(mm, v->start, v->end, is_anonymous_entry, &found);
	return found;
}

enum { DUMP_ANON_PRIVATE = 1, DUMP_ANON_SHARED = 2, DUMP_FILE_PRIVATE = 4, DUMP_FILE_SHARED = 8, DUMP_ELF_HEADERS = 16 };

/* The beginning of a mapped program says which one it was. */
static bool has_elf_header(const struct vma *v)
{
	return v->file && !v->offset_pages && (v->flags & VM_READ) && (v->file->inode->mode & 0111);
}

static u64 bytes_to_dump(struct mm *mm, const struct vma *v)
{
	u64 all = v->end - v->start;
	u32 filter = mm->core_filter;
	bool is_shmem = v->file && (v->flags & VM_SHARED) && !v->file->inode->nlink;

	if (v->name && !strcmp(v->name, "[vdso]"))
		return all;
	if (v->flags & (VM_DONTDUMP | VM_SPECIAL))
		return 0;
	if ((v->flags & VM_SHARED) || (v->file && !(v->flags & VM_MAYWRITE)))
		return filter & (is_shmem ? DUMP_ANON_SHARED : DUMP_FILE_SHARED) ? all : 0;
	if ((filter & DUMP_ANON_PRIVATE) && (!v->file || has_private_pages(mm, v)))
		return all;
	if (v->file && (filter & DUMP_FILE_PRIVATE))
		return all;
	return (filter & DUMP_ELF_HEADERS) && has_elf_header(v) ? PAGE_SIZE : 0;
}

static int list_regions(struct core *c)
{
	struct mm *mm = current->mm;
	u32 room;

	rw_read_lock(&mm->lock);
	room = mm->vmas.count;
	c->segments = kzalloc(room * sizeof(*c->segments));
	for (struct vma *v = vma_find(&mm->vmas, 0); c->segments && v && c->count < room; v = vma_next(&mm->vmas, v))
		c->segments[c->count++] = (struct segment){
			.start = v->start, .end = v->end, .flags = v->flags, .bytes = bytes_to_dump(mm, v),
			.offset_pages = v->offset_pages, .file = v->file ? file_get(v->file) : NULL,
		};
	rw_read_unlock(&mm->lock);
	return c->segments ? 0 : -ENOMEM;
}

/* -- the notes -- */

static void note(struct core *c, const char *owner, unsigned type, const void *data, size_t n)
{
	static const u8 zeroes[4];
	struct elf64_note head = { .n_namesz = (u32)strlen(owner) + 1, .n_descsz = (u32)n, .n_type = type };

	text_put(&c->notes, &head, sizeof(head));
	text_put(&c->notes, owner, head.n_namesz);
	text_put(&c->notes, zeroes, ALIGN_UP(head.n_namesz, 4u) - head.n_namesz);
	text_put(&c->notes, data, n);
	text_put(&c->notes, zeroes, ALIGN_UP(n, 4UL) - n);
}

static void note_regset(struct core *c, struct task *t, const char *owner, unsigned type)
{
	size_t unit, size = arch_regset_size(type, &unit);
	void *buf = size ? kzalloc(size) : NULL;

	c->notes.out_of_memory |= size && !buf;
	if (!buf)
		return;
	arch_regset_get(t, type, buf);
	note(c, owner, type, buf, size);
	kfree(buf);
}

static void split_time(s64 *seconds, s64 *microseconds, u64 ns)
{
	*seconds = (s64)(ns / NSEC_PER_SEC);
	*microseconds = (s64)(ns % NSEC_PER_SEC / 1000);
}

/* While the file is written its parent may die, or move it to another group: only the lock keeps their names. */
static void relations_seen(struct task *t, s32 *ppid, s32 *pgrp, s32 *sid)
{
	unsigned long flags = spin_lock_irqsave(&tasklist_lock);

	*ppid = task_tgid_seen(t->real_parent);
	*pgrp = pid_number_in(t->signal->pids[PID_PGID], current_pid_ns());
	*sid = pid_number_in(t->signal->pids[PID_SID], current_pid_ns());
	spin_unlock_irqrestore(&tasklist_lock, flags);
}

static void note_status(struct core *c, struct task *t, const struct signal_info *info)
{
	struct core_status s = {
		.signo = info->si_signo, .current_signal = (s16)info->si_signo,
		.pending = t->pending.set, .blocked = t->blocked, .pid = task_tid_seen(t), .has_fpu = 1,
	};
	u64 user, system;

	relations_seen(t, &s.ppid, &s.pgrp, &s.sid);
	if (task_is_leader(t))
		process_cpu_times(t, &user, &system);
	else
		task_cpu_times(t, &user, &system);
	split_time(&s.user.seconds, &s.user.microseconds, user);
	split_time(&s.system.seconds, &s.system.microseconds, system);
	split_time(&s.children_user.seconds, &s.children_user.microseconds, t->signal->children.user_ns);
	split_time(&s.children_system.seconds, &s.children_system.microseconds, t->signal->children.system_ns);
	arch_regset_get(t, NT_PRSTATUS, s.regs);
	note(c, "CORE", NT_PRSTATUS, &s, sizeof(s));
}

static void note_process(struct core *c, const struct signal_info *info)
{
	struct task *t = current;
	struct mm *mm = t->mm;
	struct core_process p = {
		.state_letter = 'R', .nice = (s8)t->sched.nice, .flags = t->flags, .uid = t->real_cred->uid,
		.gid = t->real_cred->gid, .pid = task_tgid_seen(t),
	};
	size_t n = MIN(mm->args_end - mm->args_start, sizeof(p.args) - 1);
	siginfo_t full;

	relations_seen(t, &p.ppid, &p.pgrp, &p.sid);
	memcpy(p.name, t->comm, sizeof(p.name));
	n = copy_from_user_partial(p.args, mm->args_start, n);
	for (size_t i = 0; i < n; i++) {
		if (!p.args[i])
			p.args[i] = ' ';
	}
	note(c, "CORE", NT_PRPSINFO, &p, sizeof(p));
	signal_info_expand(&full, info);
	note(c, "CORE", NT_SIGINFO, &full, sizeof(full));
}

static void note_auxv(struct core *c)
{
	const u64 *v = current->mm->auxv;
	size_t n = 0;

	while (n + 2 < ARRAY_SIZE(current->mm->auxv) && v[n])
		n += 2;
	note(c, "CORE", NT_AUXV, v, (n + 2) * sizeof(u64));
}

/* How many, the unit of offsets; a start, end and offset for each; then the names. */
static void note_files(struct core *c)
{
	struct text t = { 0 }, names = { 0 };
	u64 head[2] = { 0, PAGE_SIZE };
	char *buf = kmalloc(PATH_BYTES);

	text_put(&t, head, sizeof(head));
	for (u32 i = 0; i < c->count && buf; i++) {
		const struct segment *s = &c->segments[i];
		u64 row[3] = { s->start, s->end, s->offset_pages };
		char *path;

		if (!s->file || !s->file->path.dentry)
			continue;
		path = path_format(&s->file->path, buf, PATH_BYTES);
		if (IS_ERR(path))
			continue;
		head[0]++;
		text_put(&t, row, sizeof(row));
		text_put(&names, path, strlen(path) + 1);
	}
	c->notes.out_of_memory |= !buf || t.out_of_memory || names.out_of_memory;
	if (!c->notes.out_of_memory) {
		memcpy(t.buf, head, sizeof(head));
		text_put(&t, names.buf, names.used);
		if (t.used < NOTES_MAX && !t.out_of_memory)
			note(c, "CORE", NT_FILE, t.buf, t.used);
	}
	text_free(&t);
	text_free(&names);
	kfree(buf);
}

static void note_fpu(struct core *c, struct task *t)
{
	note_regset(c, t, "CORE", NT_PRFPREG);
	note_regset(c, t, "LINUX", NT_X86_XSTATE);
}

static void make_notes(struct core *c)
{
	const struct signal_info *info = c->out->info;

	note_status(c, current, info);
	note_process(c, info);
	note_auxv(c);
	note_files(c);
	note_fpu(c, current);
	for (u32 i = 0; i < c->out->thread_count; i++) {
		note_status(c, c->out->threads[i], info);
		note_fpu(c, c->out->threads[i]);
	}
}

/* -- the file's parts -- */

static u32 segment_flags(u64 vm)
{
	return (vm & VM_READ ? PF_R : 0) | (vm & VM_WRITE ? PF_W : 0) | (vm & VM_EXEC ? PF_X : 0);
}

static void put_headers(struct core *c)
{
	u64 at = sizeof(struct elf64_hdr) + (c->count + 1UL) * sizeof(struct elf64_phdr);
	struct elf64_hdr h = {
		.e_ident = { 0x7f, 'E', 'L', 'F', ELF_ARCH_CLASS, ELF_ARCH_DATA, EV_CURRENT }, .e_type = ET_CORE,
		.e_machine = ELF_ARCH_MACHINE, .e_version = EV_CURRENT, .e_phoff = sizeof(h), .e_ehsize = sizeof(h),
		.e_phentsize = sizeof(struct elf64_phdr), .e_phnum = (u16)(c->count + 1),
	};
	struct elf64_phdr notes = { .p_type = PT_NOTE, .p_offset = at, .p_filesz = c->notes.used, .p_align = 4 };

	put_bytes(c->out, &h, sizeof(h));
	put_bytes(c->out, &notes, sizeof(notes));
	at = ALIGN_UP(at + c->notes.used, PAGE_SIZE);
	for (u32 i = 0; i < c->count; i++) {
		const struct segment *s = &c->segments[i];
		struct elf64_phdr p = {
			.p_type = PT_LOAD, .p_offset = at, .p_vaddr = s->start, .p_filesz = s->bytes,
			.p_memsz = s->end - s->start, .p_flags = segment_flags(s->flags), .p_align = PAGE_SIZE,
		};

		put_bytes(c->out, &p, sizeof(p));
		at += s->bytes;
	}
	put_bytes(c->out, c->notes.buf, c->notes.used);
	if (c->out->pos % (loff)PAGE_SIZE)
		skip(c->out, PAGE_SIZE - (size_t)c->out->pos % PAGE_SIZE);
}

static bool is_zero(const u8 *page)
{
	for (size_t i = 0; i < PAGE_SIZE; i += sizeof(u64)) {
		if (*(const u64 *)(page + i))
			return false;
	}
	return true;
}

static void put_page(struct core *c, uptr va)
{
	ssize_t n = mm_access(current->mm, va, c->page, PAGE_SIZE, ACCESS_FORCE);

	if (n != (ssize_t)PAGE_SIZE || is_zero(c->page))
		skip(c->out, PAGE_SIZE);
	else
		put_bytes(c->out, c->page, PAGE_SIZE);
}

static bool is_used_entry(uptr va, pte_t e, unsigned others, void *arg)
{
	*(uptr *)arg = va;
	return true;
}

/* The first page from va on that is worth a look: of anonymous memory only what is there. */
static uptr next_page(const struct segment *s, uptr va, uptr end)
{
	uptr found = end;

	if (!s->file && !(s->flags & VM_SPECIAL))
		pt_walk(current->mm, va, end, is_used_entry, &found);
	else
		found = va;
	return found;
}

static void put_segment(struct core *c, const struct segment *s)
{
	uptr va = s->start, end = s->start + s->bytes;

	while (va < end && !c->out->has_failed) {
		uptr next = next_page(s, va, end);

		if (next > va)
			skip(c->out, next - va);
		if (next < end)
			put_page(c, next);
		va = next + PAGE_SIZE;
	}
}

static void core_free(struct core *c)
{
	for (u32 i = 0; i < c->count; i++) {
		if (c->segments[i].file)
			file_put(c->segments[i].file);
	}
	kfree(c->segments);
	text_free(&c->notes);
	kfree(c->page);
}

bool core_write_elf(struct core_file *out)
{
	struct core c = { .out = out, .page = kmalloc(PAGE_SIZE) };
	bool is_ready = c.page && !list_regions(&c);

	if (is_ready) {
		make_notes(&c);
		is_ready = !c.notes.out_of_memory;
	}
	if (is_ready) {
		put_headers(&c);
		for (u32 i = 0; i < c.count; i++)
			put_segment(&c, &c.segments[i]);
		finish(out);
	}
	core_free(&c);
	return is_ready;
}
