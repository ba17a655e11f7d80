/*
 * exec/exec.h: one execve under way: what is found out before the point of no return, and what is carried over it.
 * task/exec.c owns it; exec/args.c, script.c and elf.c each do their part.
 */
#ifndef EXEC_EXEC_H
#define EXEC_EXEC_H
#include "base/types.h"

struct file;
struct mm;
struct cred;
struct page;

#define EXEC_HEAD_SIZE 256	/* how much of a script's first line is looked at */
#define IMAGE_HEAD_SIZE 1024	/* of each file, read at once: most have all their headers there */
#define EXEC_PATH_MAX 4096
#define EXEC_DEPTH_MAX 5	/* scripts whose interpreter is a script */

/* Where a list of strings is: user pointers, or kernel ones for process 1. */
struct string_list { bool is_kernel; uptr user; const char *const *kernel; };

/* The strings and the vectors of the new stack, written into frames before the new address space is there.
 * Positions count down from the stack's top. */
struct arg_stack {
	struct page **pages;	/* owned, [i] covers [top-(i+1)*PAGE_SIZE, top-i*PAGE_SIZE) */
	size_t pages_size;	/* slots */
	size_t used;		/* bytes from the top */
	size_t limit;		/* -E2BIG beyond */
};

/* An ELF file of the new program, as elf_check found it and elf_load maps it. */
struct elf_image {
	struct file *file;	/* borrowed */
	char *head;		/* borrowed: the file's first IMAGE_HEAD_SIZE bytes, zero-filled */
	size_t head_bytes;	/* so many are the file's */
	const void *phdrs;	/* in head, or phdrs_read: Elf64_Phdr[] */
	void *phdrs_read;	/* owned, or NULL */
	uptr bias;		/* added to each address */
	uptr end;		/* end of the highest segment in memory */
};

struct exec {
	struct file *file;	/* reference, writes denied: the program (of a script: the interpreter) */
	struct file *interpreter;	/* reference, writes denied: PT_INTERP, or NULL */
	char *path;		/* owned: what was asked for: AT_EXECFN */
	bool is_by_descriptor;	/* an empty path: the descriptor alone says what */
	bool is_path_closed;	/* the path goes by a descriptor that exec closes: no interpreter could open it */
	struct elf_image image, interpreter_image;	/* of the two */
	int depth;
	const char *script;	/* borrowed: the name of the file at hand: path, or of a script's interpreter: interpreter_name */
	int argc, envc;
	struct arg_stack stack;
	size_t path_pos, env_pos, arg_pos;	/* positions of the lowest byte of each group of strings */
	struct cred *cred;	/* owned: what the new program runs with */
	bool is_secure;		/* AT_SECURE: it has more rights than who runs it */
	bool has_gained;	/* such rights were given to it: none was taken back */
	bool is_unreadable;	/* who runs it may not read it, and so not its memory either */
	struct mm *mm;		/* owned until installed */
	u64 random[3];		/* one draw: AT_RANDOM's two, the places of the stack (low half) and of the program */
	bool is_past_return;	/* the old program is gone: an error now kills */
	uptr stack_top;
	/* what the loader finds */
	uptr entry, program_entry, phdr_address, interpreter_base;
	unsigned phdr_count;
	bool stack_is_executable;
	/* from here on not zeroed at the start */
	char interpreter_name[EXEC_HEAD_SIZE];
	char heads[2][IMAGE_HEAD_SIZE];
};
#define EXEC_ZEROED_BYTES offsetof(struct exec, interpreter_name)

/* exec/args.c. 0 or -E2BIG, -EFAULT, -ENOMEM */
int __must_check args_init(struct exec *e);
int __must_check args_count(const struct string_list *l, int *count);
int __must_check args_push_list(struct exec *e, const struct string_list *l, int count);
int __must_check args_push_string(struct exec *e, const char *s);	/* kernel string */
void args_drop_first(struct exec *e);			/* forgets argv[0] (for scripts) */
int __must_check args_finish(struct exec *e, uptr *sp);	/* auxv, envp, argv, argc; frames go into e->mm */
void args_free(struct exec *e);
/* exec/script.c: "#!" -> 0 and e->file replaced (look again), -ENOEXEC: no script, other -errno */
int __must_check script_resolve(struct exec *e);
/* exec/elf.c */
int __must_check elf_check(struct exec *e);	/* before the point of no return: header, interpreter. 0 or -ENOEXEC, … */
int __must_check elf_load(struct exec *e);	/* after: maps all, sets the entry */
int __must_check image_read_head(struct elf_image *image, struct file *f);	/* 0 or -errno */
/* task/exec.c */
void exec_note_file(struct exec *e, struct file *f);	/* f is a part of the program */
int __must_check exec_read_head(struct exec *e);
#endif
