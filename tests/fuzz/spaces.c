/*
 * spaces.c: clone, clone3, unshare and setns with flags and structs at random, rt_sigreturn from a frame that was changed, and a
 * tracee whose registers are set to what no program has.
 */
#include "fuzz.h"
#include <elf.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

static uint64_t flags(void)
{
	uint64_t value = 0;
	for (unsigned i = below(5); i > 0; i--)
		value |= 1ul << below(34);
	/* Who shares the memory would go on with our stack. */
	return value & ~(uint64_t)(CLONE_VM | CLONE_VFORK);
}

static void birth(void)
{
	uint64_t args[16];
	for (size_t i = 0; i < ARRAY_SIZE(args); i++)
		args[i] = below(3) ? 0 : small_or_boundary();
	args[0] = flags();
	if (below(4))
		args[5] = args[6] = 0;
	long pid = below(2) ? syscall(SYS_clone3, args, below(3) ? 64 + 8 * below(5) : boundary())
			    : syscall(SYS_clone, args[0] | below(70), 0, below(2) ? boundary() : (uint64_t)(args + 1), boundary(), boundary());
	if (pid == 0)
		_exit(0);
}

static void move(void)
{
	static const char *const kinds[] = {"pid", "mnt", "uts", "ipc", "user", "cgroup", "net", "time", "pid_for_children"};
	if (fork())
		return;
	for (int i = 0; i < 4; i++) {
		syscall(SYS_unshare, below(4) ? flags() : boundary());
		char name[64];
		snprintf(name, sizeof name, "/proc/%u/ns/%s", 1 + below(8), kinds[below(ARRAY_SIZE(kinds))]);
		int fd = below(2) ? open(name, O_RDONLY) : (int)syscall(SYS_pidfd_open, 1 + below(8), 0);
		syscall(SYS_setns, fd, below(2) ? 0 : flags());
		close(fd);
		if (fork() == 0)
			_exit(0);
	}
	_exit(0);
}

static void change_frame(int signal, siginfo_t *info, void *context)
{
	ucontext_t *u = context;
	(void)signal, (void)info;
	for (unsigned i = 1 + below(3); i > 0; i--)
		switch (below(4)) {
		case 0:
			u->uc_mcontext.gregs[below(23)] = (greg_t)boundary();
			break;
		case 1:
			((uint64_t *)u)[below(sizeof *u / 8)] = boundary();
			break;
		case 2:
			if (u->uc_mcontext.fpregs)
				((uint32_t *)u->uc_mcontext.fpregs)[below(below(2) ? 208 : 130)] = (uint32_t)boundary();
			break;
		default:
			if (u->uc_mcontext.fpregs)
				((uint64_t *)u->uc_mcontext.fpregs)[58 + below(14)] = boundary();
		}
}

static void frame(void)
{
	pid_t pid = fork();
	if (pid == 0) {
		struct sigaction action = {.sa_sigaction = change_frame, .sa_flags = SA_SIGINFO};
		sigaction(SIGUSR1, &action, NULL);
		alarm(1);
		raise(SIGUSR1);
		_exit(0);
	}
}

static void set_registers(pid_t pid)
{
	static const int sets[] = {NT_PRSTATUS, NT_PRFPREG, NT_X86_XSTATE, 0x203, 0x200};
	static uint64_t bytes[2048];
	struct iovec all = {bytes, sizeof bytes};
	int set = sets[below(ARRAY_SIZE(sets))];
	switch (below(3)) {
	case 0:
		ptrace(PTRACE_POKEUSER, pid, below(4) ? 8ul * below(sizeof(struct user) / 8 + 2) : boundary(), boundary());
		break;
	case 1:
		ptrace(PTRACE_GETREGSET, pid, (long)set, &all);
		bytes[below(below(2) ? 27 : 80)] = boundary();
		if (below(4) == 0)
			all.iov_len = below(2) ? 8ul * below(400) : boundary();
		ptrace(PTRACE_SETREGSET, pid, (long)set, &all);
		break;
	default: {
		struct user_regs_struct regs;
		ptrace(PTRACE_GETREGS, pid, 0, &regs);
		((uint64_t *)&regs)[below(sizeof regs / 8)] = boundary();
		ptrace(PTRACE_SETREGS, pid, 0, &regs);
	}
	}
}

static void tracee(void)
{
	pid_t pid = fork();
	if (pid == 0) {
		ptrace(PTRACE_TRACEME, 0, 0, 0);
		alarm(1);
		raise(SIGSTOP);
		for (int i = 0; i < 100; i++)
			getppid();
		_exit(0);
	}
	int status;
	for (int i = 0; i < 12 && waitpid(pid, &status, 0) == pid && WIFSTOPPED(status); i++) {
		for (unsigned n = 1 + below(3); n > 0; n--)
			set_registers(pid);
		ptrace(below(3) ? PTRACE_SYSCALL : below(2) ? PTRACE_SINGLESTEP : PTRACE_CONT, pid, 0, below(4) ? 0 : boundary() % 64);
	}
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

void spaces_run(int steps)
{
	static void (*const all[])(void) = {birth, birth, move, frame, frame, tracee};
	for (int i = 0; i < steps; i++) {
		all[below(ARRAY_SIZE(all))]();
		while (waitpid(-1, NULL, WNOHANG | __WALL) > 0)
			;
	}
}
