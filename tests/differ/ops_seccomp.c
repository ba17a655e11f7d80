/* ops_seccomp.c: operations on filters of calls: what a filtered call does, to whom it is passed on, threads included. */
#include "differ.h"
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

/* The calls that are filtered are made by operations, not by what an agent needs to live. */
OP(CRED | TRACE, 7, filter)
{
	static const int calls[] = {SYS_umask, SYS_setpgid, SYS_kill, SYS_wait4, SYS_getpgid, SYS_prctl, SYS_setuid, SYS_execve, SYS_clone3};
	static const unsigned actions[] = {SECCOMP_RET_ERRNO | 5, SECCOMP_RET_ERRNO, SECCOMP_RET_ERRNO | 0xffff, SECCOMP_RET_TRAP | 7,
		SECCOMP_RET_TRACE | 9, SECCOMP_RET_LOG, SECCOMP_RET_KILL_THREAD, SECCOMP_RET_KILL_PROCESS, 0x12340000, SECCOMP_RET_ERRNO | 38};
	static const int flag_choices[] = {0, 0, SECCOMP_FILTER_FLAG_TSYNC, SECCOMP_FILTER_FLAG_TSYNC | SECCOMP_FILTER_FLAG_TSYNC_ESRCH,
		SECCOMP_FILTER_FLAG_LOG, SECCOMP_FILTER_FLAG_SPEC_ALLOW, 0x100};
	int call = PICK(calls), flags = PICK(flag_choices);
	unsigned action = PICK(actions);
	if (call == SYS_prctl && chance(80))
		call = SYS_umask;
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)call, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, action),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {(unsigned short)(chance(95) ? 4 : draw(4)), code};
	if (chance(50))
		sys(SYS_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	say("filter(%d, %x, %x, %d)", call, action, flags, program.len);
	long r = sys(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
	if (r > 0)
		say(" = %s", who(r));
	else
		said(r);
}

OP(CRED | TRACE | PROCESS, 6, filtered)
{
	static const struct { const char *name; int number; } calls[] = {{"umask", SYS_umask}, {"getpgid", SYS_getpgid}, {"setpgid", SYS_setpgid},
		{"kill", SYS_kill}, {"setuid", SYS_setuid}};
	int c = (int)draw(COUNT(calls));
	say("call %s", calls[c].name);
	long r = sys(calls[c].number, calls[c].number == SYS_setuid ? -1 : calls[c].number == SYS_kill ? 999999 : 0, 0);
	if (r > 0)
		say(" = %s", calls[c].number == SYS_getpgid ? who(r) : "a number");
	else
		said(r);
}

OP(CRED | TRACE, 1, seccomp_mode)
{
	say("seccomp mode %ld", sys(SYS_prctl, PR_GET_SECCOMP, 0, 0, 0, 0));
	unsigned action = chance(50) ? SECCOMP_RET_TRAP : 0x12340000;
	say(" %x", action);
	said(sys(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action));
}
