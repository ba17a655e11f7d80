/* ops_signal.c: operations on signals: sending, actions, masks, stacks, waiting. */
#include "differ.h"
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <ucontext.h>

struct kernel_action {
	void *handler;
	unsigned long flags;
	void (*restorer)(void);
	uint64_t mask;
};

__asm__(".globl differ_restore\n.type differ_restore, @function\ndiffer_restore:\n\tmov $15, %eax\n\tsyscall\n");
void differ_restore(void);

static const int signals[] = {SIGHUP, SIGINT, SIGTERM, SIGUSR1, SIGUSR2, SIGCHLD, SIGCHLD, SIGCONT, SIGSTOP, SIGTSTP, SIGTTIN, SIGWINCH, SIGURG,
			      SIGPIPE, 34, 40, 64, SIGALRM};
static const int odd_signals[] = {0, 65, -1, SIGKILL, 32, 33};

static int draw_signal(void)
{
	return chance(88) ? PICK(signals) : PICK(odd_signals);
}

static const char *fault_address(const siginfo_t *info)
{
	static char text[40];
	uintptr_t at = (uintptr_t)info->si_addr;
	if (at >= SCRATCH_AT && at < SCRATCH_AT + (1ul << 30))
		snprintf(text, sizeof text, "scratch+%lx", at - SCRATCH_AT);
	else if (at < 1 << 20 || at >> 47)
		snprintf(text, sizeof text, "%lx", at);
	else
		return "elsewhere";
	return text;
}

/* A fault that was expected goes on behind its instruction. */
static void on_fault(const siginfo_t *info, ucontext_t *context)
{
	struct box *b = self();
	greg_t *regs = context->uc_mcontext.gregs;
	/* whether the page was there is the kernel's choice */
	say(" at %s trap %lld error %llx", fault_address(info), regs[REG_TRAPNO], regs[REG_ERR] & ~1);
	regs[REG_RIP] = (greg_t)b->landing;
	regs[REG_EFL] &= ~0x40100ll;
	b->landing = 0;
}

static void on_signal(int sig, siginfo_t *info, void *context)
{
	char *here = (char *)&here, *alt = agent_alt_stack(self_index());
	say(" {%d code %d", sig, info->si_code);
	if (sig == SIGCHLD && info->si_code > 0)
		say(" pid %s uid %d status %d", who(info->si_pid), info->si_uid, info->si_status);
	else if (info->si_code <= 0)
		say(" pid %s uid %d value %lx", who(info->si_pid), info->si_uid, info->si_code == SI_QUEUE ? (long)info->si_ptr : 0);
	else if (sig == SIGSYS)
		say(" call %d errno %d", info->si_syscall, info->si_errno);
	else if (sig == SIGIO || sig == 40)
		say(" band %lx fd %d", info->si_band, info->si_fd);
	else if (self()->landing)
		on_fault(info, context);
	say("%s}", here >= alt && here < alt + ALT_STACK ? " on alt" : "");
}

long signal_catch(int sig, unsigned long flags)
{
	struct kernel_action act = {(void *)on_signal, 0x04000000 | SA_SIGINFO | flags, differ_restore, 0};
	return sys(SYS_rt_sigaction, sig, &act, NULL, 8);
}

OP(EVERY, 12, action)
{
	static const unsigned long flag_choices[] = {SA_RESTART, SA_NODEFER, SA_RESETHAND, SA_ONSTACK, SA_NOCLDSTOP, SA_NOCLDWAIT, 0x400, 0x800};
	struct kernel_action act = {.flags = 0x04000000 | SA_SIGINFO, .restorer = differ_restore}, old;
	int sig = draw_signal(), what = (int)draw(5);
	act.handler = what < 3 ? (void *)on_signal : what == 3 ? (void *)SIG_IGN : (void *)SIG_DFL;
	while (chance(50))
		act.flags |= PICK(flag_choices);
	if (chance(30))
		act.mask = 1ul << (PICK(signals) - 1) | 1ul << (SIGKILL - 1);
	memset(&old, 0, sizeof old);
	say("action(%d, %d, %lx, %lx)", sig, what, act.flags, act.mask);
	long r = sys(SYS_rt_sigaction, sig, chance(90) ? &act : NULL, &old, 8);
	said(r);
	if (!r)
		say(" was %s %lx %lx", old.handler == on_signal ? "handler" : old.handler == (void *)SIG_IGN ? "ignore" :
		    old.handler == (void *)SIG_DFL ? "default" : "?", old.flags, old.mask);
}

OP(EVERY, 8, mask)
{
	uint64_t set = 0, old = 0;
	int how = (int)draw(4);
	for (int i = (int)draw(5); i >= 0; i--)
		set |= 1ul << (PICK(signals) - 1);
	if (chance(15))
		set = ~0ul;
	say("mask(%d, %lx)", how, set);
	long r = sys(SYS_rt_sigprocmask, how, &set, &old, 8);
	said(r);
	say(" was %lx", old);
}

OP(SIGNAL, 4, pending)
{
	uint64_t set = 0;
	long r = sys(SYS_rt_sigpending, &set, 8);
	say("pending %lx", set);
	said(r);
}

OP(SIGNAL, 5, timedwait)
{
	uint64_t set = chance(50) ? ~0ul : 0;
	for (int i = 0; i < 4; i++)
		set |= 1ul << (PICK(signals) - 1);
	siginfo_t info;
	memset(&info, 0, sizeof info);
	bool forever = chance(20);
	struct timespec none = {0, 0};
	say("timedwait(%lx%s)", set, forever ? ", forever" : "");
	long r = sys(SYS_rt_sigtimedwait, &set, &info, forever ? NULL : &none, 8);
	said(r);
	if (r > 0 && info.si_code <= 0)
		say(" code %d pid %s", info.si_code, who(info.si_pid));
	else if (r > 0)
		say(" code %d", info.si_code);
}

OP(SIGNAL | JOBS | TRACE, 3, suspend)
{
	uint64_t set = chance(50) ? 0 : 1ul << (PICK(signals) - 1);
	say("suspend(%lx)", set);
	said(sys(SYS_rt_sigsuspend, &set, 8));
}

OP(SIGNAL | JOBS | TRACE, 3, pause)
{
	say("pause");
	said(sys(SYS_pause));
}

OP(SIGNAL, 2, sleep)
{
	struct timespec long_time = {5000, 0}, left = {0, 0};
	say("sleep");
	said(sys(SYS_nanosleep, &long_time, &left));
	say(" %s left", left.tv_sec > 4000 ? "much" : "nothing");
}

OP(EVERY, 3, alt_stack)
{
	static const int flags[] = {0, 0, 0, SS_DISABLE, SS_ONSTACK, 8, (int)0x80000000, SS_ONSTACK | (int)0x80000000};
	static const long sizes[] = {ALT_STACK, ALT_STACK, ALT_STACK, 100, 0};
	char *mine = agent_alt_stack(self_index());
	stack_t new = {.ss_sp = mine, .ss_flags = PICK(flags), .ss_size = (size_t)PICK(sizes)}, old;
	bool ask = chance(30);
	memset(&old, 0, sizeof old);
	say("alt_stack(%s%x, %zu)", ask ? "ask " : "", new.ss_flags, new.ss_size);
	said(sys(SYS_sigaltstack, ask ? NULL : &new, &old));
	say(" was %s %x %zu", !old.ss_sp ? "none" : old.ss_sp == mine ? "mine" : "another's", old.ss_flags, old.ss_size);
}

OP(EVERY, 18, kill)
{
	int i = any_agent(), sig = draw_signal(), how = (int)draw(8), j = any_agent();
	long pid = pid_of(i);
	switch (how) {
	case 0:
		say("kill(-a%d, %d)", i, sig);
		return said(sys(SYS_kill, -pid, sig));
	case 1:
		say("kill(0, %d)", sig);
		return said(sys(SYS_kill, 0, sig));
	case 2:
		say("tkill(a%d, %d)", i, sig);
		return said(sys(SYS_tkill, pid, sig));
	case 3:
		say("tgkill(a%d, a%d, %d)", j, i, sig);
		return said(sys(SYS_tgkill, pid_of(j), pid, sig));
	default:
		say("kill(a%d, %d)", i, sig);
		return said(sys(SYS_kill, pid, sig));
	}
}

OP(SIGNAL | PROCESS, 6, queue)
{
	static const int codes[] = {SI_QUEUE, SI_QUEUE, SI_QUEUE, SI_USER, SI_TKILL, SI_TIMER, SI_MESGQ, 0x80, CLD_EXITED, -60};
	int i = any_agent(), sig = draw_signal(), j = any_agent();
	siginfo_t info;
	memset(&info, 0, sizeof info);
	info.si_signo = chance(90) ? sig : 12;
	info.si_code = PICK(codes);
	info.si_pid = (int)pid_of(j);
	info.si_uid = 77;
	info.si_ptr = (void *)(uintptr_t)draw(1000);
	bool thread = chance(40);
	say("%s(a%d, %d, code %d)", thread ? "tgqueue" : "queue", i, sig, info.si_code);
	said(thread ? sys(SYS_rt_tgsigqueueinfo, chance(70) ? pid_of(i) : pid_of(j), pid_of(i), sig, &info)
		    : sys(SYS_rt_sigqueueinfo, pid_of(i), sig, &info));
}
