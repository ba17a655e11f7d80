/* ops_fault.c: operations that fault on purpose: what the signal says, and who survives it. */
#include "differ.h"
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>

static const int fault_signals[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS};

/* What it faults with; the address is in rdx, rax is 0. The handler goes on at the label. */
#define FAULT(instructions)                                                                                             \
	__asm__ volatile("lea -128(%%rsp), %%rsp\n\t"                                                                   \
			 "lea 1f(%%rip), %%rax\n\tmov %%rax, %0\n\txor %%eax, %%eax\n\t" instructions                  \
			 "\n1:\tcld\n\tlea 128(%%rsp), %%rsp"                                                          \
			 : "=m"(self()->landing)                                                                      \
			 : "d"(at)                                                                                    \
			 : "rax", "rcx", "memory", "cc", "xmm0")
#define KIND(name, instructions) \
	static void fault_##name([[maybe_unused]] void *at) { FAULT(instructions); }
KIND(read, "mov (%%rdx), %%ecx")
KIND(write, "movb $87, (%%rdx)")
KIND(add, "lock addb $1, (%%rdx)")
KIND(call, "jmp *%%rdx")
KIND(two_pages, "movq 4093(%%rdx), %%rcx")
KIND(through_rsp, "mov %%rsp, %%rcx\n\tmov %%rdx, %%rsp\n\tlea 1f(%%rip), %%rax\n\tpop %%rax\n\t1:\tmov %%rcx, %%rsp")
KIND(divide, "xor %%ecx, %%ecx\n\txor %%edx, %%edx\n\tdiv %%ecx")
KIND(undefined, "ud2")
KIND(int3, "int3")
KIND(int_3, ".byte 0xcd, 3")
KIND(int_4, ".byte 0xcd, 4")
KIND(int_21, ".byte 0xcd, 0x21")
KIND(icebp, ".byte 0xf1")
KIND(halt, "hlt")
KIND(port, "mov $0x80, %%edx\n\tin %%dx, %%al")
KIND(control, "mov %%cr0, %%rax")
KIND(msr, "xor %%ecx, %%ecx\n\trdmsr")
KIND(step, "pushf\n\torl $0x100, (%%rsp)\n\tpopf\n\tnop\n\tpushf\n\tandl $~0x100, (%%rsp)\n\tpopf")
KIND(x87, "sub $8, %%rsp\n\tmovw $0x340, (%%rsp)\n\tfninit\n\tfldcw (%%rsp)\n\tadd $8, %%rsp\n\tfld1\n\tfldz\n\tfdivrp\n\tfwait\n\t1:\tfninit")

static const struct { const char *name; void (*run)(void *at); bool has_address; } kinds[] = {
	{"read", fault_read, true}, {"write", fault_write, true}, {"add", fault_add, true}, {"call", fault_call, true},
	{"two_pages", fault_two_pages, true}, {"through_rsp", fault_through_rsp, true}, {"read", fault_read, true},
	{"write", fault_write, true}, {"divide", fault_divide, 0}, {"undefined", fault_undefined, 0}, {"int3", fault_int3, 0},
	{"int_3", fault_int_3, 0}, {"int_4", fault_int_4, 0}, {"int_21", fault_int_21, 0}, {"icebp", fault_icebp, 0},
	{"halt", fault_halt, 0}, {"port", fault_port, 0}, {"control", fault_control, 0}, {"msr", fault_msr, 0},
	{"step", fault_step, 0}, {"x87", fault_x87, 0},
};

static uintptr_t draw_address(void)
{
	static const uintptr_t odd[] = {0, 16, 0x7ffffffff000, 0x800000000000, 0x8000000000000000, 0xffff800000000000, 0xffffffff81000000,
		0xffffffffff600000, 0xfffffffffffff000, 65536};
	uintptr_t at = SCRATCH_AT + draw(6) * 16 * PAGE + draw(5) * PAGE + 24;
	uintptr_t other = PICK(odd);
	return chance(75) ? at : other;
}

OP(FAULTS, 20, fault)
{
	uintptr_t at = draw_address();
	int kind = (int)draw(COUNT(kinds));
	say("fault %s", kinds[kind].name);
	if (kinds[kind].has_address)
		say(" %lx", at);
	kinds[kind].run((void *)at);
	self()->landing = 0;
}

OP(FAULTS, 8, guard)
{
	static const unsigned long flag_choices[] = {0, 0, SA_ONSTACK, SA_NODEFER, SA_RESETHAND, SA_RESTART};
	unsigned long flags = PICK(flag_choices);
	int sig = PICK(fault_signals), all = chance(60);
	say("guard(%d, %lx)", all ? 0 : sig, flags);
	if (!all)
		return said(signal_catch(sig, flags));
	for (size_t n = 0; n < COUNT(fault_signals); n++)
		said(signal_catch(fault_signals[n], flags));
}

OP(FAULTS, 3, block_fault)
{
	uint64_t set = 1ul << (PICK(fault_signals) - 1), how = draw(2);
	say("%s %lx", how ? "unblock" : "block", set);
	said(sys(SYS_rt_sigprocmask, how, &set, NULL, 8));
}

OP(FAULTS, 3, send_fault)
{
	int i = any_agent(), sig = PICK(fault_signals);
	say("kill(a%d, %d)", i, sig);
	said(sys(SYS_kill, pid_of(i), sig));
}
