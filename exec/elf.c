/*
 * exec/elf.c: ELF programs: static, position-independent, and with an interpreter.
 * Way in: elf_check before the old program is given up, elf_load after.
 * A segment is a private mapping of the file; the part of its last page beyond the file's bytes is zeroed, and the rest
 * up to its size in memory is anonymous. The break starts behind the last segment.
 * Errors: ENOEXEC not ours, ELIBBAD the interpreter is not, EINVAL, ENOMEM, EIO short file.
 * Differences from Linux: no segment takes the stack's place (there, one that is not the first does); EEXIST.
 * Source: elf(5), System V psABI AMD64.
 */
#include "exec/exec.h"
#include "task/task.h"
#include "arch/arch.h"
#include "elf_arch.h"
#include "mm/mm.h"
#include "mm/page.h"
#include "mm/slab.h"
#include "fs/vfs.h"
#include "base/string.h"
#include <linux/elf.h>
#include <linux/fcntl.h>
#include <linux/mman.h>
#include <linux/personality.h>

#define PHDRS_BYTES_MAX 65536

static int read_exact(struct file *f, void *buf, size_t n, u64 pos)
{
	ssize_t got = file_read_kernel(f, buf, n, (loff)pos);
	return got < 0 ? (int)got : (size_t)got != n ? -EIO : 0;
}

static int header_check(const Elf64_Ehdr *h)
{
	/* The machine's number decides: the class and the order of bytes that the header names are asked for by nobody. */
	if (memcmp(h->e_ident, ELFMAG, SELFMAG) || h->e_machine != ELF_ARCH_MACHINE)
		return -ENOEXEC;
	if (h->e_type != ET_EXEC && h->e_type != ET_DYN)
		return -ENOEXEC;
	if (h->e_phentsize != sizeof(Elf64_Phdr) || !h->e_phnum || h->e_phnum * sizeof(Elf64_Phdr) > PHDRS_BYTES_MAX)
		return -ENOEXEC;
	return 0;
}

static const Elf64_Ehdr *header_of(const struct elf_image *image) { return (const void *)image->head; }

int image_read_head(struct elf_image *image, struct file *f)
{
	ssize_t n = file_read_kernel(f, image->head, IMAGE_HEAD_SIZE, 0);
	if (n < 0)
		return (int)n;
	memset(image->head + n, 0, IMAGE_HEAD_SIZE - (size_t)n);
	image->file = f;
	image->head_bytes = (size_t)n;
	return 0;
}

/* Checks the header and finds the program headers: in the head, or they are read. */
static int image_check(struct elf_image *image)
{
	const Elf64_Ehdr *h = header_of(image);
	if (image->head_bytes < sizeof(*h))
		return -ENOEXEC;
	int err = header_check(h);
	if (err)
		return err;
	size_t bytes = h->e_phnum * sizeof(Elf64_Phdr);
	if (h->e_phoff % sizeof(u64) == 0 && h->e_phoff <= image->head_bytes && bytes <= image->head_bytes - h->e_phoff) {
		image->phdrs = image->head + h->e_phoff;
		return 0;
	}
	image->phdrs = image->phdrs_read = kmalloc(bytes);
	if (!image->phdrs)
		return -ENOMEM;
	return read_exact(image->file, image->phdrs_read, bytes, h->e_phoff) ? -ENOEXEC : 0;
}

#define for_each_phdr(ph, image)                                                                   \
	for (const Elf64_Phdr *ph = (image)->phdrs, *_end = ph + header_of(image)->e_phnum; ph < _end; ph++)

static int interpreter_open(struct exec *e, const Elf64_Phdr *ph)
{
	if (ph->p_filesz < 2 || ph->p_filesz > EXEC_PATH_MAX)
		return -ENOEXEC;
	char *name = kmalloc(ph->p_filesz);
	if (!name)
		return -ENOMEM;
	int err = read_exact(e->file, name, ph->p_filesz, ph->p_offset);
	if (!err && name[ph->p_filesz - 1])
		err = -ENOEXEC;
	if (!err) {
		struct file *f = file_open_exec(AT_FDCWD, name, 0);
		if (IS_ERR(f))
			err = (int)PTR_ERR(f);
		else
			exec_note_file(e, e->interpreter = f);
	}
	kfree(name);
	return err;
}

static int interpreter_check(struct exec *e)
{
	int err = image_read_head(&e->interpreter_image, e->interpreter);
	if (!err)
		err = image_check(&e->interpreter_image);
	return err == -ENOEXEC ? -ELIBBAD : err;
}

int elf_check(struct exec *e)
{
	int err = image_check(&e->image);
	if (err)
		return err;
	for_each_phdr(ph, &e->image) {
		if (ph->p_type == PT_INTERP && !e->interpreter)
			err = interpreter_open(e, ph);
		if (ph->p_type == PT_GNU_STACK)
			e->stack_is_executable = ph->p_flags & PF_X;
		if (err)
			return err;
	}
	return e->interpreter ? interpreter_check(e) : 0;
}

static unsigned segment_prot(const Elf64_Phdr *ph)
{
	return (ph->p_flags & PF_R ? PROT_READ : 0) | (ph->p_flags & PF_W ? PROT_WRITE : 0) |
	       (ph->p_flags & PF_X ? PROT_EXEC : 0);
}

/* Segments that are mapped together. */
struct batch {
	struct mm *mm;
	struct elf_image *image;
	unsigned part_count, segment_count;
	struct image_part parts[IMAGE_PARTS_MAX];
	const Elf64_Phdr *segments[IMAGE_PARTS_MAX];
};

static void batch_add(struct batch *b, uptr start, uptr end, const Elf64_Phdr *ph, bool is_file)
{
	if (end <= start)
		return;
	b->parts[b->part_count++] = (struct image_part){
		.start = start, .end = end, .prot = segment_prot(ph), .is_file = is_file,
		.offset_pages = is_file ? (ph->p_offset - ph->p_vaddr % PAGE_SIZE) >> PAGE_SHIFT : 0,
	};
}

/* Zeroes from the end of the file's bytes to the end of their page. */
static int zero_tail(struct mm *mm, const Elf64_Phdr *ph, uptr bias)
{
	uptr end = bias + ph->p_vaddr + ph->p_filesz;
	size_t n = ALIGN_UP(end, PAGE_SIZE) - end;

	if (!n || !ph->p_filesz || ph->p_memsz <= ph->p_filesz || !(ph->p_flags & PF_W))
		return 0;
	return mm_access(mm, end, page_address(zero_page), n, ACCESS_WRITE | ACCESS_FORCE) == (ssize_t)n ? 0 : -EFAULT;
}

static int batch_map(struct batch *b)
{
	int err = b->part_count ? mm_map_parts(b->mm, b->image->file, b->parts, b->part_count) : 0;

	for (unsigned i = 0; i < b->segment_count && !err; i++)
		err = zero_tail(b->mm, b->segments[i], b->image->bias);
	b->part_count = b->segment_count = 0;
	return err;
}

/* The stack is there already, and the strings' frames will go into it: no segment may take its place. */
static bool meets_stack(struct mm *mm, uptr start, uptr end)
{
	const struct vma *stack = vma_at(&mm->vmas, mm->stack_start);

	return stack && start < stack->end && end > stack->start;
}

/* A segment that lies lower than one before it may overlap it, and takes its place then: it begins a new batch. */
static int map_segment(struct batch *b, const Elf64_Phdr *ph)
{
	struct elf_image *image = b->image;
	uptr at = image->bias + ph->p_vaddr, start = ALIGN_DOWN(at, PAGE_SIZE);
	uptr file_end = ph->p_filesz ? ALIGN_UP(at + ph->p_filesz, PAGE_SIZE) : start;
	size_t skew = ph->p_vaddr % PAGE_SIZE;
	int err = 0;

	/* each alone before the sum: neither may wrap */
	if (ph->p_memsz < ph->p_filesz || start >= USER_END || ph->p_memsz > USER_END - start - skew ||
	    (ph->p_offset - ph->p_vaddr) % PAGE_SIZE)
		return -EINVAL;
	if (meets_stack(b->mm, start, at + ph->p_memsz))
		return -EEXIST;
	if (b->part_count && (b->part_count + 2 > IMAGE_PARTS_MAX || start < b->parts[b->part_count - 1].end))
		err = batch_map(b);
	if (err)
		return err;
	batch_add(b, start, file_end, ph, true);
	batch_add(b, file_end, ALIGN_UP(at + ph->p_memsz, PAGE_SIZE), ph, false);
	b->segments[b->segment_count++] = ph;
	image->end = MAX(image->end, at + ph->p_memsz);
	return 0;
}

/* For /proc/PID/stat: where code and data lie. */
static void note_areas(struct mm *mm, const struct elf_image *image, const Elf64_Phdr *ph)
{
	uptr start = image->bias + ph->p_vaddr, end = start + ph->p_filesz;
	if (ph->p_flags & PF_X) {
		mm->code_start = mm->code_start ? MIN(mm->code_start, start) : start;
		mm->code_end = MAX(mm->code_end, end);
	} else {
		mm->data_start = MAX(mm->data_start, start);
		mm->data_end = MAX(mm->data_end, end);
	}
}

/* Where the segments lie and the greatest alignment that one of them asks for: huge pages, or a table found by masking. */
static void image_span(const struct elf_image *image, uptr *low, uptr *high, uptr *align)
{
	*low = ~0UL;
	*high = 0;
	*align = PAGE_SIZE;
	for_each_phdr(ph, image) {
		if (ph->p_type != PT_LOAD)
			continue;
		*low = MIN(*low, ALIGN_DOWN(ph->p_vaddr, PAGE_SIZE));
		*high = MAX(*high, ph->p_vaddr + ph->p_memsz);
		if (!(ph->p_align & (ph->p_align - 1)) && ph->p_align < USER_END)
			*align = MAX(*align, ph->p_align);
	}
}

/* Finds a place for a position-independent file, aligned as it wishes: at hint if that is free, else where mmap would put it. */
static int choose_bias(struct mm *mm, struct elf_image *image, uptr hint)
{
	uptr low, high, align;
	image_span(image, &low, &high, &align);
	if (high <= low)
		return -ENOEXEC;
	if (header_of(image)->e_type == ET_EXEC)
		return 0;
	/* nobody else maps here: what is free for all of it stays so for each segment */
	low = ALIGN_DOWN(low, align);
	long at = mm_place(mm, ALIGN_DOWN(hint, align), high - low + align - PAGE_SIZE);
	if (at < 0)
		return (int)at;
	image->bias = ALIGN_UP((uptr)at, align) - low;
	return 0;
}

/* Maps the segments, and of the small ones what is in memory already: most of a program's pages are wanted soon. */
static int map_image(struct mm *mm, struct elf_image *image, bool is_program)
{
	struct batch b;
	uptr low = ~0UL;
	int err;

	b.mm = mm;
	b.image = image;
	b.part_count = b.segment_count = 0;	/* the rest is filled as it is used */
	for_each_phdr(ph, image) {
		if (ph->p_type != PT_LOAD || !ph->p_memsz)
			continue;
		err = map_segment(&b, ph);
		if (err)
			return err;
		if (is_program)
			note_areas(mm, image, ph);
		low = MIN(low, ALIGN_DOWN(image->bias + ph->p_vaddr, PAGE_SIZE));
	}
	err = batch_map(&b);
	if (err)
		return err;
	mm_map_resident(mm, low, image->end);
	if (header_of(image)->e_type == ET_DYN)	/* it is relocated: all that may be written is written */
		mm_copy_ahead(mm, low, image->end);
	return 0;
}

/* Where the program's own headers are in memory. */
static uptr phdrs_address(const struct elf_image *image)
{
	for_each_phdr(ph, image) {
		if (ph->p_type == PT_PHDR)
			return image->bias + ph->p_vaddr;
		if (ph->p_type == PT_LOAD && header_of(image)->e_phoff >= ph->p_offset &&
		    header_of(image)->e_phoff < ph->p_offset + ph->p_filesz)
			return image->bias + ph->p_vaddr + header_of(image)->e_phoff - ph->p_offset;
	}
	return 0;
}

static int load_interpreter(struct exec *e)
{
	struct elf_image *image = &e->interpreter_image;
	int err = choose_bias(e->mm, image, 0);
	if (!err)
		err = map_image(e->mm, image, false);
	if (err)
		return err;
	e->entry = image->bias + header_of(image)->e_entry;
	e->interpreter_base = image->bias;
	return 0;
}

static int load_program(struct exec *e)
{
	struct elf_image *image = &e->image;
	bool is_random = !(current->personality & ADDR_NO_RANDOMIZE);
	uptr hint = e->interpreter ? ELF_ARCH_DYN_BASE + (is_random ? (e->random[2] >> 32 & 0x3ffff) << PAGE_SHIFT : 0) : 0;
	int err = choose_bias(e->mm, image, hint);
	if (!err)
		err = map_image(e->mm, image, true);
	if (err)
		return err;
	e->program_entry = e->entry = image->bias + header_of(image)->e_entry;
	e->phdr_address = phdrs_address(image);
	e->phdr_count = header_of(image)->e_phnum;
	e->mm->brk_start = e->mm->brk = ALIGN_UP(image->end, PAGE_SIZE);
	return 0;
}

int elf_load(struct exec *e)
{
	int err = load_program(e);
	if (!err && e->interpreter)
		err = load_interpreter(e);
	/* Some old programs read through a null pointer. Who may not have the page runs without, as on Linux. */
	if (!err && (current->personality & MMAP_PAGE_ZERO))
		(void)mm_map(e->mm, 0, PAGE_SIZE, PROT_READ | PROT_EXEC, MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS, 0, NULL, 0);
	return err;
}
