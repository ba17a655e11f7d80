/*
 * task/exec.c: execve: the task stays, its program is replaced.
 *
 *   exec_prepare   opens the file, copies the strings, finds the loader: everything that may fail and leave the caller be
 *   ---- the point of no return: the other threads are killed, the old address space goes ----
 *   exec_commit    a new address space; each room is told; the program is mapped; registers start at its entry
 *
 * An error after the point of no return kills the task with SIGSEGV, for there is no program to return to.
 * Locks: signal->exec_lock over all of it. Errors: those of execve(2): ENOENT, EACCES, ENOEXEC, E2BIG, ETXTBSY, ELOOP,
 * ELIBBAD, ENOMEM, EFAULT, EINVAL, ENOTDIR, EAGAIN. Source: execve(2), execveat(2).
 */
#include "task/internal.h"
#include "namespace/time_ns.h"
#include "ptrace/ptrace.h"
#include "namespace/user.h"
#include "task/cred.h"
#include "exec/core.h"
#include "exec/exec.h"
#include "arch/arch.h"
#include "elf_arch.h"
#include "drivers/random.h"
#include "fs/vfs.h"
#include "mm/mm.h"
#include "mm/slab.h"
#include "mm/user_access.h"
#include "syscall/define.h"
#include "base/printk.h"
#include "base/string.h"
#include "debug/events.h"
#include <linux/capability.h>
#include <linux/fcntl.h>
#include <linux/mman.h>
#include <linux/personality.h>
#include <linux/resource.h>
#include <linux/signal.h>

#define STACK_START_BYTES (132UL << 10)	/* mapped at once; the rest grows */
#define STACK_RANDOM_PAGES 0x3fffff	/* 16 GiB */
#define STACK_GAP_MIN (128UL << 20)	/* kept free for the stack below its top */

SLAB_CACHE(exec_cache, struct exec);

/* What its user may not read is not to be read from memory either, by nobody but who has rights where its owner has a name. */
void exec_note_file(struct exec *e, struct file *f)
{
	if (!inode_permission(f->inode, MAY_READ))
		return;
	e->is_unreadable = true;
	struct user_namespace *was = e->mm->user_ns, *ns = was;
	while (ns->parent && !ids_are_known(ns, f->inode->uid, f->inode->gid))
		ns = ns->parent;
	ns_get(&ns->ns);
	e->mm->user_ns = ns;
	ns_put(&was->ns);
}

int exec_read_head(struct exec *e)
{
	exec_note_file(e, e->file);
	return image_read_head(&e->image, e->file);
}

static void program_file_put(struct file *f)
{
	if (!f)
		return;
	file_allow_write(f);
	file_put(f);
}

static struct exec *exec_new(void)
{
	struct exec *e = slab_alloc(&exec_cache);
	if (!e)
		return NULL;
	memset(e, 0, EXEC_ZEROED_BYTES);
	e->image.head = e->heads[0];
	e->interpreter_image.head = e->heads[1];
	return e;
}

static void exec_free(struct exec *e)
{
	program_file_put(e->file);
	program_file_put(e->interpreter);
	args_free(e);
	if (e->mm)
		mm_put(e->mm);
	cred_put(e->cred);
	kfree(e->image.phdrs_read);
	kfree(e->interpreter_image.phdrs_read);
	kfree(e->path);
	slab_free(&exec_cache, e);
}

/* What AT_EXECFN and a script's argument say: the path, or /dev/fd/N for an execveat by descriptor. */
static char *exec_path_name(struct exec *e, int dirfd, const char *path)
{
	char *name;
	if (dirfd == AT_FDCWD || *path == '/')
		return kstrdup(path);
	e->is_path_closed = files_is_cloexec(current->files, dirfd);
	size_t size = strlen(path) + 32;
	name = kmalloc(size);
	if (name)
		snprintf(name, size, *path ? "/dev/fd/%d/%s" : "/dev/fd/%d", dirfd, path);
	return name;
}

static int push_all_strings(struct exec *e, const struct string_list *argv, const struct string_list *envp)
{
	static const char *const empty[] = { "", NULL };
	static const struct string_list no_arguments = { .is_kernel = true, .kernel = empty };
	int err = args_count(argv, &e->argc);
	if (!err)
		err = args_count(envp, &e->envc);
	if (err)
		return err;
	if (!e->argc) {		/* a program is never without argv[0] */
		argv = &no_arguments;
		e->argc = 1;
	}
	size_t vectors = ((size_t)e->argc + (size_t)e->envc) * sizeof(u64);
	if (vectors >= e->stack.limit)
		return -E2BIG;
	e->stack.limit -= vectors;
	err = args_push_string(e, e->path);
	e->path_pos = e->stack.used;
	if (!err)
		err = args_push_list(e, envp, e->envc);
	e->env_pos = e->stack.used;
	if (!err)
		err = args_push_list(e, argv, e->argc);
	return err;
}

/* Follows "#!" lines until there is a program that the loader takes. */
static int resolve_program(struct exec *e)
{
	int err;
	do {
		err = script_resolve(e);
	} while (!err);
	if (err != -ENOEXEC)
		return err;
	e->arg_pos = e->stack.used;
	return elf_check(e);
}

static int exec_prepare(struct exec *e, int dirfd, const char *path, int at_flags, const struct string_list *argv,
			const struct string_list *envp)
{
	int err;
	struct file *f = file_open_exec(dirfd, path, at_flags);
	if (IS_ERR(f))
		return (int)PTR_ERR(f);
	e->file = f;
	e->path = exec_path_name(e, dirfd, path);
	e->is_by_descriptor = !*path;
	e->cred = cred_prepare();
	e->mm = mm_new();
	if (!e->path || !e->cred || !e->mm)
		return -ENOMEM;
	e->script = e->path;
	e->mm->user_ns = e->cred->user_ns;
	ns_get(&e->mm->user_ns->ns);
	err = args_init(e);
	if (!err)
		err = exec_read_head(e);
	if (!err)
		err = push_all_strings(e, argv, envp);
	if (!err)
		err = resolve_program(e);
	if (!err)
		err = cred_exec(e->cred, e->file, &e->is_secure, &e->has_gained);
	random_bytes(e->random, sizeof(e->random));
	return err;
}

/* The old address space is left, the new one loaded. Cannot fail. */
static void exec_switch_mm(struct exec *e)
{
	struct task *t = current;
	struct mm *old = t->mm, *fresh = e->mm;
	task_leave_mm(t);
	fresh->owner = t;
	fresh->core_filter = old ? old->core_filter : CORE_FILTER_DEFAULT;
	fresh->refuses_huge_pages = old && old->refuses_huge_pages;
	unsigned long flags = spin_lock_irqsave(&t->lock);
	t->mm = fresh;
	spin_unlock_irqrestore(&t->lock, flags);
	mm_get(fresh);	/* e->mm keeps its own until exec_free */
	mm_load(fresh);
	if (!old)
		return;
	flags = spin_lock_irqsave(&t->sighand->lock);
	t->signal->dead_threads.max_rss_pages = MAX(t->signal->dead_threads.max_rss_pages, old->peak_rss_pages);
	spin_unlock_irqrestore(&t->sighand->lock, flags);
	if (old->owner == t)
		old->owner = NULL;
	mm_put(old);
}

#define DUMPABLE_SOON 3		/* of the new address space, while its program is not yet who it will be: nobody may look in */

/* By a descriptor alone it has the file's name. */
static void exec_set_comm(struct exec *e)
{
	const char *slash = strrchr(e->path, '/');
	char name[sizeof(current->comm)];

	if (e->is_by_descriptor)
		dentry_copy_name(e->mm->exe_file->path.dentry, name, sizeof(name));
	task_set_comm(current, e->is_by_descriptor ? name : slash ? slash + 1 : e->path);
}

/* Each room hears of it: what belongs to the old program goes, what belongs to the process stays. */
static int exec_reset_rooms(struct exec *e)
{
	struct task *t = current;
	int err = files_exec(t);
	if (err)
		return err;
	sighand_exec(t);
	timers_exec(t->signal);
	t->flags &= ~(PF_FORKNOEXEC | PF_KTHREAD);
	t->altstack_addr = t->altstack_size = 0;
	t->altstack_flags = SS_DISABLE;
	t->clear_child_tid = t->set_child_tid = 0;
	rseq_forget(t);
	t->exit_signal = SIGCHLD;
	t->exec_count++;
	if (e->is_secure) {
		t->parent_death_signal = 0;
		t->personality &= ~PER_CLEAR_ON_SETID;
	}
	exec_set_comm(e);
	/* As who started it; what it becomes, cred_install looks at. Until that is told nobody may look in. */
	bool is_open = !e->is_unreadable && t->cred->euid == t->cred->uid && t->cred->egid == t->cred->gid;
	e->mm->dumpable = is_open ? DUMPABLE_SOON : 0;
	cred_install(e->cred);
	if (e->mm->dumpable == DUMPABLE_SOON)
		WRITE_ONCE(e->mm->dumpable, 1);
	e->cred = (struct cred *)cred_get(t->cred);
	return 0;
}

/* The stack region and the top of the area for mappings. The stack's tables are its own: the mappings begin below the
 * next GiB boundary, so that a write to the stack after fork copies small tables only. */
static int exec_map_stack(struct exec *e)
{
	bool is_random = !(current->personality & ADDR_NO_RANDOMIZE);
	u64 limit = MIN(current_limit(RLIMIT_STACK), (u64)(USER_END / 6 * 5));
	uptr top = ELF_ARCH_STACK_TOP - (is_random ? (e->random[2] & STACK_RANDOM_PAGES) << PAGE_SHIFT : 0);
	unsigned prot = PROT_READ | PROT_WRITE | (e->stack_is_executable ? PROT_EXEC : 0);
	size_t bytes = ALIGN_UP(MAX(STACK_START_BYTES, e->stack.used + 32 * PAGE_SIZE + (e->argc + e->envc) * 8UL), PAGE_SIZE);

	e->stack_top = top;
	e->mm->stack_start = top - e->stack.used;
	e->mm->maps_upwards = current->personality & ADDR_COMPAT_LAYOUT;
	e->mm->mmap_base = ALIGN_DOWN(top - MAX(limit, (u64)STACK_GAP_MIN), PT_SPAN(2));
	long at = mm_map(e->mm, top - bytes, bytes, prot, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_GROWSDOWN, VM_STACK,
			 NULL, 0);
	return at < 0 ? (int)at : 0;
}

static int exec_map_vdso(struct mm *mm)
{
	const struct special_part parts[] = {
		{ "[vvar]", VM_READ | VM_MAYREAD | VM_DONTDUMP, arch_vdso.data_pages,
		  time_is_first() ? arch_vdso.pfns : &arch_vdso.ask_pfn },
		{ "[vdso]", VM_READ | VM_EXEC | VM_MAYREAD | VM_MAYWRITE | VM_MAYEXEC, arch_vdso.code_pages,
		  arch_vdso.pfns + arch_vdso.data_pages },
	};
	size_t pages = arch_vdso.data_pages + arch_vdso.code_pages;

	if (!arch_vdso.code_pages)
		return 0;
	uptr at = vma_find_gap_down(&mm->vmas, PAGE_SIZE * 16, mm->mmap_base, pages * PAGE_SIZE);
	if (!at)
		return -ENOMEM;
	int err = mm_map_special(mm, at, parts, ARRAY_SIZE(parts));
	if (!err)
		mm->vdso = at + arch_vdso.data_pages * PAGE_SIZE;
	return err;
}

static int exec_commit(struct exec *e)
{
	uptr sp;
	int err = exec_dethread();
	if (!err && e->has_gained && cred_is_fs_shared())
		err = -EAGAIN;	/* one of the others has cloned meanwhile; now nobody is left who could */
	if (err)
		return err;
	e->is_past_return = true;
	/* ---- the point of no return ---- */
	exec_switch_mm(e);
	e->mm->exe_file = e->file;	/* the reference and the denial of writes go to the mm */
	e->file = file_get(e->mm->exe_file);
	err = exec_reset_rooms(e);
	if (!err)
		err = exec_map_stack(e);
	if (!err)
		err = elf_load(e);
	if (!err)
		err = exec_map_vdso(e->mm);
	if (!err)
		err = args_finish(e, &sp);
	file_put(e->file);
	e->file = NULL;
	if (err)
		return err;
	e->mm->stack_start = sp;
	arch_thread_exec(current, e->entry, sp);
	event_note(EVENT_EXEC, current->tid, 0, *(const u64 *)(const void *)current->comm);
	return 0;
}

/* All of execve. The path is in kernel memory. must_die: there is no program to return to: the caller lets go of what it
 * holds, and ends the task. */
static int exec_program(int dirfd, const char *path, int at_flags, const struct string_list *argv,
			const struct string_list *envp, bool *must_die)
{
	struct exec *e = exec_new();
	if (!e)
		return -ENOMEM;
	int err = mutex_lock_killable(&current->signal->exec_lock);
	if (err) {
		slab_free(&exec_cache, e);
		return -ERESTARTNOINTR;
	}
	current->is_in_execve = true;
	int number_for_tracer = ptrace_number_for_tracer();	/* before it may become the leader's */
	err = exec_prepare(e, dirfd, path, at_flags, argv, envp);
	if (!err)
		err = exec_commit(e);
	*must_die = err && e->is_past_return;
	exec_free(e);
	current->is_in_execve = false;
	mutex_unlock(&current->signal->exec_lock);
	if (!err && unlikely(current->ptrace))
		ptrace_exec_done(number_for_tracer);
	return err;
}

int exec_from_kernel(const char *path, const char *const *argv, const char *const *envp)
{
	struct string_list a = { .is_kernel = true, .kernel = argv }, v = { .is_kernel = true, .kernel = envp };
	bool must_die = false;
	int err = exec_program(AT_FDCWD, path, 0, &a, &v, &must_die);
	if (must_die)
		task_exit_group(SIGKILL);
	return err;
}

/* A change of its user took it over the new one's limit, and it still is. */
static bool is_over_nproc(void)
{
	return current->is_over_nproc &&
	       account_is_over(current->real_cred->account, ACCOUNT_PROCESSES, 0, current_limit(RLIMIT_NPROC));
}

static long exec_from_user(int dirfd, uptr path, uptr argv, uptr envp, int flags)
{
	struct string_list a = { .user = argv }, v = { .user = envp };
	if (flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	char *name = kmalloc(EXEC_PATH_MAX);
	if (!name)
		return -ENOMEM;
	bool must_die = false;
	long result = strncpy_from_user(name, path, EXEC_PATH_MAX);
	if (result == 0 && !(flags & AT_EMPTY_PATH))
		result = -ENOENT;
	if (result >= 0 && is_over_nproc() && !capable(CAP_SYS_RESOURCE) && !capable(CAP_SYS_ADMIN))
		result = -EAGAIN;
	if (result >= 0)
		result = exec_program(dirfd, name, flags, &a, &v, &must_die);
	kfree(name);
	if (must_die && !fatal_signal_is_pending())
		signal_force_default(SIGSEGV);
	return result;
}

long sys_execve(uptr path, uptr argv, uptr envp) { return exec_from_user(AT_FDCWD, path, argv, envp, 0); }
long sys_execveat(int dirfd, uptr path, uptr argv, uptr envp, int flags)
{
	return exec_from_user(dirfd, path, argv, envp, flags);
}
