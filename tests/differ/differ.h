/*
 * differ.h: a random program of process calls, made from a seed, that says the same on each run of the same kernel.
 *
 * For every seed a director (director.c) keeps a small world of agents: processes and threads that wait for an order. It draws
 * an agent and an operation, lets the agent do it, waits until nobody runs any more, and prints what the agent said and what
 * changed in /proc for everybody. As only one agent acts at a time, the outcome does not depend on scheduling. Whatever differs
 * from run to run is named: processes a0, a1, ... in the order of their birth, D is the director. A call that sleeps is said to
 * sleep, and its end is printed by the step that ended it.
 *
 * The world is a shared mapping at one address in every agent, also after an exec. An agent finds its own box by the base of
 * the gs segment, since agents may share memory, the C library's thread data included: hence sys() instead of the library's
 * calls and their errno.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define AGENTS 12
#define WORLD_FD 100		/* a memfd, so that exec finds it again */
#define WORLD_AT 0x100000000000ul
#define SCRATCH_AT 0x200000000000ul	/* what the memory operations play with: SLOTS slots of SLOT_PAGES pages */
#define PAGE 4096ul
#define COUNT(a) (sizeof(a) / sizeof *(a))
#define HOME "/tmp/differ"		/* a tmpfs of this program: the program itself, a set-user-id copy, files */
#define NOBODY 1000
#define TTY_MASTER 90		/* a terminal of the seed's own; the second slave descriptor does not wait */
#define TTY_SLAVE 91
#define TTY_SLAVE_NOW 92
#define HOOKED_READ 93		/* a pipe whose reading end signals its owner */
#define HOOKED_WRITE 94
#define CGROUPS HOME "/cgroup"

struct box {
	int go;			/* a futex: the order to act */
	int op;			/* what to do */
	int busy;		/* it was ordered and has not finished */
	int pid;		/* its number in the director's /proc; 0 not known yet, -1 never again */
	int nested;		/* in a pid namespace below the director's */
	int set_tid;		/* a place for the kernel's tid word */
	uint64_t words[16];	/* futex words, robust list nodes and what else must be shared */
	uint64_t landing;	/* where a fault's handler goes on; 0 when none is expected */
	int text_length;
	char text[4000];	/* what it says; printed when nobody runs */
};

struct world {
	uint64_t random;
	int event;		/* a futex: somebody has finished */
	int director;
	int born;		/* boxes in use */
	int step;
	int freezes;		/* somebody has frozen a control group */
	char self[64];		/* the program's path, for exec */
	struct box box[AGENTS];
};
#define world ((struct world *)WORLD_AT)

static inline long sys6(long n, long a, long b, long c, long d, long e, long f)
{
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	register long r9 __asm__("r9") = f;
	long r;
	__asm__ volatile("syscall" : "=a"(r) : "a"(n), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9) : "rcx", "r11", "memory");
	return r;
}
#define SYS_PICK(n, a, b, c, d, e, f, ...) sys6((n), (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f))
/* A call by number, with up to six arguments: its result, or -errno. */
#define sys(...) SYS_PICK(__VA_ARGS__, 0, 0, 0, 0, 0, 0, 0)

/* agent.c */
struct box *self(void);
int self_index(void);
__attribute__((noreturn)) void agent_run(int index, const char *how);
int agent_new(void);			/* a box for a child, or -1 when all are used */
long agent_clone(long number, long flags, long a1, long a2, long a3, long a4, int child);
char *agent_stack(int index);		/* the end of its stack */
void *agent_alt_stack(int index);
#define ALT_STACK 16384

/* text.c */
unsigned draw(unsigned n);
bool chance(unsigned percent);
#define PICK(list) (list)[draw(COUNT(list))]
__attribute__((format(printf, 1, 2))) void say(const char *format, ...);
void said(long result);			/* " = N" or the error's name */
const char *error_name(long result);
const char *who(long pid);		/* a name for a number in the caller's pid namespace */
const char *who_outside(long pid);	/* in the director's */
int slurp(const char *path, char *to, int size);

/* Whom an operation is about: the number that the caller would use. */
int any_agent(void);			/* its index */
long pid_of(int index);

/* Operations: OP(AREAS, WEIGHT, NAME) { ... } is done by an agent; all draws come before a call that may sleep. */
enum area { PROCESS = 1, SIGNAL = 2, TRACE = 4, CRED = 8, FILES = 16, MEMORY = 32, SCHED = 64, SPACES = 128, JOBS = 256,
	    FAULTS = 512, GROUPS = 1024, FUTEX = 2048, EVERY = 4095 };
struct op {
	const char *name;
	int areas, weight;
	void (*run)(void);
};
extern struct op ops[];
extern int op_count;
void op_register(struct op op);
#define OP(areas, weight, name)                                                                                             \
	static void op_##name(void);                                                                                        \
	__attribute__((constructor)) static void register_##name(void) { op_register((struct op){#name, areas, weight, op_##name}); } \
	static void op_##name(void)

/* ops_process.c: lets what was caused come to its end before the caller goes on. */
void let_it_end(void);
/* ops_signal.c: the handler that says what came, for a signal with these flags. */
long signal_catch(int sig, unsigned long flags);

/* director.c */
struct output {
	char *text;
	size_t length, size;
};
void director_run(uint64_t seed, int steps, int mix, struct output *out);	/* mix -1: the seed chooses */
