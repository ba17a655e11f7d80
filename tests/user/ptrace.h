/*
 * ptrace.h: what the tests of ptrace(2) share: tracees, and what wait says of their stops.
 *
 * The calls go past the C library, whose wrapper changes what PEEK returns.
 */
#pragma once

#include "check.h"
#include <stddef.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <linux/ptrace.h>
#include <linux/elf.h>

#ifndef PTRACE_EVENT_STOP
#define PTRACE_EVENT_STOP 128
#endif
#define SYSGOOD (SIGTRAP | 0x80)

static inline long pt(long request, pid_t pid, unsigned long addr, unsigned long data)
{
	return syscall(SYS_ptrace, request, pid, addr, data);
}
#define PT(request, pid, addr, data) \
	pt((request), (pid), (unsigned long)(uintptr_t)(addr), (unsigned long)(uintptr_t)(data))

/* The wait status of a stop. */
#define STOP(sig)	   ((sig) << 8 | 0x7f)
#define EVENT(event)	   STOP(SIGTRAP | (event) << 8)
#define SEIZE_STOP(sig)	   STOP((sig) | PTRACE_EVENT_STOP << 8)

/* The next news of pid is this one. */
static inline void wait_status(pid_t pid, int want, const char *file, int line)
{
	int status = -1;
	pid_t got;

	do {
		got = waitpid(pid, &status, __WALL);
	} while (got < 0 && errno == EINTR);
	if (got != pid)
		check_fail(file, line, "waitpid(%d) (got %d, errno %d)", pid, got, errno);
	else if ((WIFSIGNALED(status) ? status & 0x7f : status) != want)
		check_fail(file, line, "status of %d (got 0x%x, wanted 0x%x)", pid, status, want);
}
#define WAIT(pid, want) wait_status((pid), (want), __FILE_NAME__, __LINE__)

/* No news of pid now. */
#define NO_NEWS(pid) CHECK_EQ(waitpid((pid), NULL, WNOHANG | __WALL), 0)

/* TRACEE { ... } runs the block in a child that is stopped (SIGSTOP, PTRACE_TRACEME) before it; gives its number. */
static inline pid_t tracee_begin(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		check_failed = 0;
		if (PT(PTRACE_TRACEME, 0, 0, 0))
			_exit(99);
		raise(SIGSTOP);
	}
	return pid;
}
#define TRACEE(pid)                                                          \
	pid_t pid = tracee_begin();                                          \
	if (pid > 0)                                                         \
		WAIT(pid, STOP(SIGSTOP));                                    \
	for (; pid == 0; _exit(check_failed ? 1 : 0))

static inline unsigned long event_message(pid_t pid)
{
	unsigned long message = ~0ul;

	CHECK_OK(PT(PTRACE_GETEVENTMSG, pid, 0, &message));
	return message;
}

static inline struct user_regs_struct regs_of(pid_t pid)
{
	struct user_regs_struct r = {};

	CHECK_OK(PT(PTRACE_GETREGS, pid, 0, &r));
	return r;
}

static inline siginfo_t siginfo_of(pid_t pid)
{
	siginfo_t info = {};

	CHECK_OK(PT(PTRACE_GETSIGINFO, pid, 0, &info));
	return info;
}

static inline int tracer_of(pid_t pid)
{
	char path[40];

	snprintf(path, sizeof path, "/proc/%d/status", pid);
	return check_field(path, "TracerPid", 10);
}

/* Ends a tracee, whatever it is doing. */
static inline void tracee_kill(pid_t pid)
{
	int status;

	kill(pid, SIGKILL);
	while (waitpid(pid, &status, __WALL) == pid && WIFSTOPPED(status))
		PT(PTRACE_CONT, pid, 0, 0);
}
