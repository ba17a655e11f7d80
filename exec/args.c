/*
 * exec/args.c: the strings and vectors that a new program finds on its stack.
 * The strings are copied into fresh frames before the old program is given up; args_finish writes the vectors below them
 * and puts the frames into the new address space as the top of its stack.
 *
 *   top of stack   8 zero bytes, path (AT_EXECFN), environment strings, argument strings (argv[0] lowest)
 *                  platform string, 16 random bytes, padding, auxv, envp, argv, argc  <- sp, 16-byte aligned
 *
 * Locks: none (nobody else sees it). Errors: E2BIG (strings over a quarter of RLIMIT_STACK, or one over 128 KiB), EFAULT,
 * ENOMEM. Source: execve(2), System V psABI AMD64 3.4.1, getauxval(3).
 */
#include "exec/exec.h"
#include "task/task.h"
#include "arch/arch.h"
#include "elf_arch.h"
#include "mm/mm.h"
#include "mm/slab.h"
#include "mm/user_access.h"
#include "namespace/user.h"
#include "base/printk.h"
#include "base/string.h"
#include <linux/auxvec.h>
#include <linux/elf.h>
#include <linux/mman.h>
#include <linux/resource.h>

#define ARG_STRING_MAX (32 * PAGE_SIZE)
#define ARGS_LIMIT_MAX (6UL << 20)
#define ARGS_LIMIT_MIN (128UL << 10)
#define AUXV_MAX 24
#ifndef AT_MINSIGSTKSZ
#define AT_MINSIGSTKSZ 51
#endif

int args_init(struct exec *e)
{
	u64 quarter = current_limit(RLIMIT_STACK) / 4;
	e->stack.limit = MAX(MIN(quarter, (u64)ARGS_LIMIT_MAX), (u64)ARGS_LIMIT_MIN);
	e->stack.pages_size = 16;
	e->stack.pages = kzalloc(e->stack.pages_size * sizeof(struct page *));
	e->stack.used = 8;
	return e->stack.pages ? 0 : -ENOMEM;
}

void args_free(struct exec *e)
{
	for (size_t i = 0; e->stack.pages && i < e->stack.pages_size; i++)
		if (e->stack.pages[i])
			page_put(e->stack.pages[i]);
	kfree(e->stack.pages);
	e->stack.pages = NULL;
}

static int slots_grow(struct arg_stack *s, size_t want)
{
	size_t size = s->pages_size * 2;
	while (size <= want)
		size *= 2;
	struct page **pages = kzalloc(size * sizeof(*pages));
	if (!pages)
		return -ENOMEM;
	memcpy(pages, s->pages, s->pages_size * sizeof(*pages));
	kfree(s->pages);
	s->pages = pages;
	s->pages_size = size;
	return 0;
}

/* The kernel address of the byte at position pos (1: the topmost byte), its frame made if needed. NULL: memory. */
static char *byte_at(struct arg_stack *s, size_t pos)
{
	size_t i = (pos - 1) / PAGE_SIZE;
	if (i >= s->pages_size && slots_grow(s, i))
		return NULL;
	if (!s->pages[i])
		s->pages[i] = page_alloc_zeroed(NODE_ANY, PAGE_ANON);
	if (!s->pages[i])
		return NULL;
	return (char *)page_address(s->pages[i]) + (PAGE_SIZE - 1 - (pos - 1) % PAGE_SIZE);
}

/* Calls for each contiguous piece of [pos, pos-len): the address and its length. */
#define for_each_piece(s, pos, len, p, n)                                                          \
	for (size_t _pos = (pos), _left = (len), n = 0;                                            \
	     _left && (n = MIN(_left, (_pos - 1) % PAGE_SIZE + 1)); _pos -= n, _left -= n)

static int put_kernel(struct arg_stack *s, size_t pos, const void *data, size_t len)
{
	for_each_piece(s, pos, len, p, n) {
		char *p = byte_at(s, _pos);
		if (!p)
			return -ENOMEM;
		memcpy(p, data, n);
		data = (const char *)data + n;
	}
	return 0;
}

static int put_user_bytes(struct arg_stack *s, size_t pos, uptr from, size_t len)
{
	for_each_piece(s, pos, len, p, n) {
		char *p = byte_at(s, _pos);
		if (!p)
			return -ENOMEM;
		if (copy_from_user(p, from, n))
			return -EFAULT;
		from += n;
	}
	return 0;
}

/* Room for len bytes more; *pos is their first byte's position. */
static int reserve(struct arg_stack *s, size_t len, size_t *pos)
{
	if (len > ARG_STRING_MAX || s->used + len > s->limit)
		return -E2BIG;
	s->used += len;
	*pos = s->used;
	return 0;
}

int args_push_string(struct exec *e, const char *str)
{
	size_t len = strlen(str) + 1, pos;
	int err = reserve(&e->stack, len, &pos);
	return err ? err : put_kernel(&e->stack, pos, str, len);
}

/* The length of a long user string, with its end. */
static ssize_t user_string_length(uptr s, char *chunk, size_t size)
{
	for (size_t done = 0; done <= ARG_STRING_MAX;) {
		ssize_t n = strncpy_from_user(chunk, s + done, size);
		if (n >= 0)
			return done + n + 1;
		if (n != -ENAMETOOLONG)
			return n;
		done += size;
	}
	return -E2BIG;
}

static int push_user_string(struct exec *e, uptr s)
{
	char chunk[256];
	size_t pos;
	ssize_t n = strncpy_from_user(chunk, s, sizeof(chunk));
	if (n >= 0) {
		int err = reserve(&e->stack, n + 1, &pos);
		return err ? err : put_kernel(&e->stack, pos, chunk, n + 1);
	}
	if (n != -ENAMETOOLONG)
		return (int)n;
	n = user_string_length(s, chunk, sizeof(chunk));
	if (n < 0)
		return (int)n;
	int err = reserve(&e->stack, n, &pos);
	if (err)
		return err;
	err = put_user_bytes(&e->stack, pos, s, n);
	/* another thread may have changed it meanwhile: it must still end */
	return err ? err : put_kernel(&e->stack, pos - (n - 1), "", 1);
}

int args_count(const struct string_list *l, int *count)
{
	int n = 0;
	if (l->is_kernel) {
		while (l->kernel && l->kernel[n])
			n++;
	} else {
		for (u64 p = 1; l->user; n++) {
			if (get_user_u64(&p, l->user + 8UL * n))
				return -EFAULT;
			if (!p)
				break;
			if (n == 0x7fffffff)
				return -E2BIG;
			if (fatal_signal_is_pending())
				return -EINTR;
		}
	}
	*count = n;
	return 0;
}

int args_push_list(struct exec *e, const struct string_list *l, int count)
{
	for (int i = count - 1; i >= 0; i--) {
		u64 p;
		int err;
		if (l->is_kernel)
			err = args_push_string(e, l->kernel[i]);
		else if (get_user_u64(&p, l->user + 8UL * i))
			err = -EFAULT;
		else
			err = push_user_string(e, p);
		if (err)
			return err;
	}
	return 0;
}

static size_t string_length_at(struct arg_stack *s, size_t pos)
{
	for (size_t len = 0; ; ) {
		size_t in_page = (pos - len - 1) % PAGE_SIZE + 1, n = strnlen(byte_at(s, pos - len), in_page);
		len += n;
		if (n < in_page || len == pos)
			return len + 1;
	}
}

void args_drop_first(struct exec *e)
{
	e->stack.used -= string_length_at(&e->stack, e->stack.used);
	e->argc--;
}

/* Builds the block of words below the strings. */
struct vector {
	u64 *words;
	size_t count, size;
};
static void vector_add(struct vector *v, u64 word)
{
	BUG_ON(v->count >= v->size);
	v->words[v->count++] = word;
}

static void vector_add_strings(struct exec *e, struct vector *v, size_t *pos, int count)
{
	for (int i = 0; i < count; i++) {
		vector_add(v, e->stack_top - *pos);
		*pos -= string_length_at(&e->stack, *pos);
	}
	vector_add(v, 0);
}

static void vector_add_aux(struct exec *e, struct vector *v, uptr platform, uptr random)
{
	const struct cred *c = e->cred;
	size_t first = v->count;
	const u64 aux[][2] = {
		{ AT_SYSINFO_EHDR, e->mm->vdso },
		{ AT_MINSIGSTKSZ, elf_arch_min_sigstack() },
		{ AT_HWCAP, elf_arch_hwcap() },
		{ AT_PAGESZ, PAGE_SIZE },
		{ AT_CLKTCK, 100 },
		{ AT_PHDR, e->phdr_address },
		{ AT_PHENT, sizeof(Elf64_Phdr) },
		{ AT_PHNUM, e->phdr_count },
		{ AT_BASE, e->interpreter_base },
		{ AT_FLAGS, 0 },
		{ AT_ENTRY, e->program_entry },
		{ AT_UID, uid_shown_in(c->user_ns, c->uid) },
		{ AT_EUID, uid_shown_in(c->user_ns, c->euid) },
		{ AT_GID, gid_shown_in(c->user_ns, c->gid) },
		{ AT_EGID, gid_shown_in(c->user_ns, c->egid) },
		{ AT_SECURE, e->is_secure },
		{ AT_RANDOM, random },
		{ AT_HWCAP2, elf_arch_hwcap2() },
		{ AT_EXECFN, e->stack_top - e->path_pos },
		{ AT_PLATFORM, platform },
		{ AT_NULL, 0 },
	};
	for (size_t i = 0; i < ARRAY_SIZE(aux); i++) {
		if (aux[i][0] == AT_SYSINFO_EHDR && !aux[i][1])
			continue;
		vector_add(v, aux[i][0]);
		vector_add(v, aux[i][1]);
	}
	memcpy(e->mm->auxv, &v->words[first], MIN((v->count - first) * 8, sizeof(e->mm->auxv)));
}

/* The frames become the top pages of the stack region, and one more below them, which every program soon wants. */
static int install_frames(struct exec *e)
{
	struct arg_stack *s = &e->stack;
	struct mm *mm = e->mm;
	unsigned prot = PROT_READ | PROT_WRITE | (e->stack_is_executable ? PROT_EXEC : 0);
	size_t count = (s->used + PAGE_SIZE - 1) / PAGE_SIZE;
	if (byte_at(s, s->used + PAGE_SIZE))
		count++;
	for (size_t i = 0; i < count; i++) {
		uptr va = e->stack_top - (i + 1) * PAGE_SIZE;
		bool out_of_memory = false;
		spin_lock(&mm->pt_lock);
		pte_t *slot = pt_own_path(mm, va, true, &out_of_memory);
		if (slot) {
			pte_t leaf = pte_set_dirty(pte_set_writable(pte_make_leaf(page_to_pfn(s->pages[i]), prot)));
			pt_install(mm, va, slot, leaf, RSS_ANON);
			s->pages[i] = NULL;
		}
		spin_unlock(&mm->pt_lock);
		if (out_of_memory)
			return -ENOMEM;
	}
	return 0;
}

int args_finish(struct exec *e, uptr *sp)
{
	struct arg_stack *s = &e->stack;
	static const char platform[] = ELF_ARCH_PLATFORM;
	struct vector v = { .size = 3 + e->argc + e->envc + 2 * AUXV_MAX };
	size_t arg_pos = e->arg_pos, env_pos = e->env_pos;
	int err;

	v.words = kmalloc(v.size * 8);
	if (!v.words)
		return -ENOMEM;
	s->used += sizeof(platform);
	size_t platform_pos = s->used;
	s->used = ALIGN_UP(s->used, 16UL) + 16;
	size_t random_pos = s->used;
	vector_add(&v, e->argc);
	vector_add_strings(e, &v, &arg_pos, e->argc);
	vector_add_strings(e, &v, &env_pos, e->envc);
	vector_add_aux(e, &v, e->stack_top - platform_pos, e->stack_top - random_pos);
	s->used = ALIGN_UP(s->used + v.count * 8, 16UL);
	err = put_kernel(s, platform_pos, platform, sizeof(platform));
	if (!err)
		err = put_kernel(s, random_pos, e->random, 2 * sizeof(e->random[0]));
	if (!err)
		err = put_kernel(s, s->used, v.words, v.count * 8);
	kfree(v.words);
	if (err)
		return err;
	*sp = e->stack_top - s->used;
	e->mm->args_start = e->stack_top - e->arg_pos;
	e->mm->args_end = e->mm->env_start = e->stack_top - e->env_pos;
	e->mm->env_end = e->stack_top - e->path_pos;
	return install_frames(e);
}
