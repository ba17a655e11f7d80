/* ops_trace.c: operations of tracers. */
#include "differ.h"
#include <errno.h>
#include <linux/ptrace.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>

#define TRACE_ALL (PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC | \
		   PTRACE_O_TRACEVFORKDONE | PTRACE_O_TRACEEXIT)

static long draw_options(void)
{
	static const long bits[] = {PTRACE_O_TRACESYSGOOD, PTRACE_O_TRACEFORK, PTRACE_O_TRACEVFORK, PTRACE_O_TRACECLONE, PTRACE_O_TRACEEXEC,
		PTRACE_O_TRACEVFORKDONE, PTRACE_O_TRACEEXIT, PTRACE_O_EXITKILL, PTRACE_O_TRACESECCOMP};
	long got = chance(40) ? TRACE_ALL : 0;
	while (chance(60))
		got |= PICK(bits);
	return chance(3) ? got | 1l << 22 : got;
}

OP(TRACE, 10, seize)
{
	int i = any_agent();
	long options = draw_options(), address = chance(3);
	say("seize(a%d, %lx, %ld)", i, options, address);
	said(sys(SYS_ptrace, PTRACE_SEIZE, pid_of(i), address, options));
}

OP(TRACE, 5, attach)
{
	int i = any_agent();
	say("attach(a%d)", i);
	said(sys(SYS_ptrace, 16, pid_of(i), 0, 0));
}

OP(TRACE, 3, traceme)
{
	say("traceme");
	said(sys(SYS_ptrace, 0, 0, 0, 0));
}

OP(TRACE, 26, trace)
{
	static const struct { const char *name; int request; } resumes[] = {{"cont", 7}, {"cont", 7}, {"cont", 7}, {"syscall", 24}, {"detach", 17},
		{"interrupt", PTRACE_INTERRUPT}, {"interrupt", PTRACE_INTERRUPT}, {"listen", PTRACE_LISTEN}, {"kill", 8},
		{"step", 9}, {"emulate", 31}};
	static const int signals[] = {0, 0, 0, 0, SIGUSR1, SIGSTOP, SIGCONT, SIGKILL, 65};
	int i = any_agent(), r = (int)draw(COUNT(resumes)), sig = r < 5 ? PICK(signals) : 0;
	say("%s(a%d, %d)", resumes[r].name, i, sig);
	said(sys(SYS_ptrace, resumes[r].request, pid_of(i), 0, sig));
}

OP(TRACE, 8, trace_wait)
{
	int i = any_agent(), status = -1;
	bool any = chance(70);
	say("trace_wait(%s%d)", any ? "" : "a", any ? -1 : i);
	long r = sys(SYS_wait4, any ? -1 : pid_of(i), &status, 0x40000001 | (chance(30) ? 2 : 0), 0);
	say(" = %s", r < 0 ? error_name(r) : who(r));
	if (r > 0)
		say(" status %x", status);
}

OP(TRACE, 10, trace_ask)
{
	int i = any_agent(), what = (int)draw(6);
	long pid = pid_of(i), r;
	unsigned long message = 77;
	siginfo_t info;
	memset(&info, 0, sizeof info);
	struct ptrace_syscall_info call;
	memset(&call, 0, sizeof call);
	long options = draw_options();
	switch (what) {
	case 0:
	case 1:
		r = sys(SYS_ptrace, PTRACE_GETEVENTMSG, pid, 0, &message);
		say("message(a%d)", i);
		said(r);
		if (!r)
			say(" %s%ld", message > 1000 && message < 100000 ? who((long)message) : "", message > 1000 && message < 100000 ? 0 : (long)message);
		return;
	case 2:
		r = sys(SYS_ptrace, PTRACE_GETSIGINFO, pid, 0, &info);
		say("siginfo(a%d)", i);
		said(r);
		if (!r)
			say(" signo %d code %d errno %d", info.si_signo, info.si_code, info.si_errno);
		if (!r && info.si_signo && (info.si_code <= 0 || info.si_signo == SIGCHLD || info.si_code >> 8))
			say(" pid %s uid %d", who(info.si_pid), info.si_uid);
		return;
	case 3:
		say("options(a%d, %lx)", i, options);
		return said(sys(SYS_ptrace, PTRACE_SETOPTIONS, pid, 0, options));
	case 4:
		r = sys(SYS_ptrace, PTRACE_GET_SYSCALL_INFO, pid, sizeof call, &call);
		say("syscall_info(a%d)", i);
		said(r);
		if (r > 0)
			say(" op %d nr %ld", call.op, call.op == 1 ? (long)call.entry.nr : 0);
		return;
	default:
		r = sys(SYS_ptrace, PTRACE_GETSIGMASK, pid, 8, &message);
		say("getsigmask(a%d)", i);
		said(r);
		if (!r)
			say(" %lx", message);
	}
}

#define ORIG_RAX 15
#define RAX 10
#define CALL_AT(n) ((n) * 8l)

/* The call's number and result, which a tracer sees and may change. */
OP(TRACE, 10, trace_registers)
{
	static const long numbers[] = {-1, SYS_getppid, SYS_gettid, 9999};
	int i = any_agent(), what = (int)draw(4);
	long pid = pid_of(i), value = PICK(numbers);
	unsigned long regs[27];
	struct { void *base; size_t length; } set = {regs, chance(80) ? sizeof regs : 8 * draw(28) + draw(2)};
	switch (what) {
	case 0:
		memset(regs, 0, sizeof regs);
		say("regset(a%d, %zu)", i, set.length);
		said(sys(SYS_ptrace, PTRACE_GETREGSET, pid, 1, &set));
		return say(" %zu orig %ld rax %ld cs %lx ss %lx", set.length, (long)regs[ORIG_RAX], (long)regs[ORIG_RAX] == SYS_futex ?
			   (long)regs[RAX] : 0, regs[17], regs[20]);
	case 1:
		say("peekuser(a%d)", i);
		long r = sys(SYS_ptrace, 3, pid, CALL_AT(ORIG_RAX), regs);
		said(r);
		return say(" %ld", r ? 0 : (long)regs[0]);
	case 2:
		say("pokeuser(a%d, %ld)", i, value);
		return said(sys(SYS_ptrace, 6, pid, CALL_AT(ORIG_RAX), value));
	default:
		say("odd user(a%d)", i);
		said(sys(SYS_ptrace, 3, pid, value == -1 ? 4 : 27 * 8 + 100 * value, regs));
		return said(sys(SYS_ptrace, 6, pid, 17 * 8l, value == -1 ? 0x33 : value & 3));
	}
}

/* Words, masks and queued signals of the traced. */
OP(TRACE, 8, trace_change)
{
	int i = any_agent(), what = (int)draw(6);
	long pid = pid_of(i), r;
	unsigned long word = 0, mask = chance(50) ? 1ul << (SIGUSR1 - 1) : ~0ul;
	siginfo_t info[2];
	struct { unsigned long offset; unsigned flags; int count; } ask = {draw(2), draw(3) == 2, (int)draw(3)};
	memset(info, 0, sizeof info);
	switch (what) {
	case 0:
		say("peek(a%d)", i);
		r = sys(SYS_ptrace, 1 + draw(2), pid, chance(80) ? (long)world->self : 8, &word);
		said(r);
		return say(" %lx", word);
	case 1:
		say("poke(a%d)", i);
		return said(sys(SYS_ptrace, 5, pid, chance(80) ? (long)&world->box[AGENTS - 1].words[13] : 8, 77));
	case 2:
		say("setsigmask(a%d, %lx)", i, mask);
		return said(sys(SYS_ptrace, PTRACE_SETSIGMASK, pid, chance(95) ? 8 : 4, &mask));
	case 3:
		say("peeksiginfo(a%d, %lu %x %d)", i, ask.offset, ask.flags, ask.count);
		r = sys(SYS_ptrace, PTRACE_PEEKSIGINFO, pid, &ask, info);
		said(r);
		for (long k = 0; k < r; k++)
			say(" %d code %d", info[k].si_signo, info[k].si_code);
		return;
	case 4:
		info[0].si_signo = SIGUSR2;
		info[0].si_code = SI_QUEUE;
		info[0].si_uid = 99;
		info[0].si_ptr = (void *)0x77;
		say("setsiginfo(a%d)", i);
		return said(sys(SYS_ptrace, PTRACE_SETSIGINFO, pid, 0, info));
	default:
		say("rseq and area(a%d)", i);
		char area[32];
		memset(area, 0, sizeof area);
		said(sys(SYS_ptrace, PTRACE_GET_RSEQ_CONFIGURATION, pid, 24, area));
		return said(sys(SYS_ptrace, 0x420c, pid, 8, area));
	}
}
