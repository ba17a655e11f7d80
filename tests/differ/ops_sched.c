/* ops_sched.c: operations on scheduling, limits, timers, and pidfds. */
#include "differ.h"
#include "../user/sched_attr.h"
#include <errno.h>
#include <linux/sched.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>

OP(SCHED, 8, set_scheduler)
{
	static const int policies[] = {0, 1, 2, 3, 5, 4, 0x40000000, 0x40000001, 0x40000002, 7};
	int i = any_agent(), policy = PICK(policies), priority = (int)draw(4) * ((policy & 3) == 1 || (policy & 3) == 2 || chance(10));
	say("setscheduler(a%d, %x, %d)", i, policy, priority);
	said(sys(SYS_sched_setscheduler, pid_of(i), policy, &priority));
}

OP(SCHED, 6, set_attr)
{
	static const int policies[] = {0, 1, 2, 3, 5};
	static const uint64_t flags[] = {0, 0, 1, 8, 0x10, 0x18, 0x80};
	int i = any_agent(), f = chance(8) ? 1 : 0;
	struct attr a = {.size = sizeof a, .policy = (uint32_t)PICK(policies), .flags = PICK(flags), .nice = (int)draw(45) - 22};
	if (a.policy == 5)	/* what /proc makes of a nice value that is not taken is an accident */
		a.nice = 20 - (int)sys(SYS_getpriority, PRIO_PROCESS, pid_of(i));
	a.priority = a.policy == 1 || a.policy == 2 ? draw(100) : chance(5);
	say("setattr(a%d, %u flags %lx nice %d priority %u, %d)", i, a.policy, a.flags, a.nice, a.priority, f);
	said(sys(SYS_sched_setattr, pid_of(i), &a, f));
}

OP(SCHED | PROCESS, 5, get_sched)
{
	int i = any_agent(), priority = -1;
	struct attr a;
	memset(&a, 0, sizeof a);
	long pid = pid_of(i), r = sys(SYS_sched_getattr, pid, &a, sizeof a, 0);
	say("sched of a%d: policy %lx param %ld", i, sys(SYS_sched_getscheduler, pid), sys(SYS_sched_getparam, pid, &priority));
	say(" %d nice %ld ioprio %lx attr %ld: %u %lx %d %u", priority, sys(SYS_getpriority, PRIO_PROCESS, pid),
	    sys(SYS_ioprio_get, 1, pid), r, a.policy, a.flags, a.nice, a.priority);
}

OP(SCHED, 5, priority)
{
	int i = any_agent(), which = (int)draw(4), to = (int)draw(45) - 22;
	long id = chance(30) ? 0 : which == PRIO_USER ? NOBODY : pid_of(i);
	say("setpriority(%d, %s%d, %d)", which, id && which != PRIO_USER ? "a" : "", id ? i : 0, to);
	said(sys(SYS_setpriority, which, id, to));
}

OP(SCHED, 3, ioprio)
{
	static const int values[] = {0, 4, 2 << 13 | 3, 1 << 13 | 2, 3 << 13, 3 << 13 | 7, 4 << 13, 2 << 13 | 8};
	int i = any_agent(), which = 1 + (int)draw(3), to = PICK(values);
	say("ioprio_set(%d, a%d, %x)", which, i, to);
	said(sys(SYS_ioprio_set, which, which == 3 ? NOBODY : pid_of(i), to));
}

OP(SCHED | PROCESS | CRED, 6, limit)
{
	static const struct rlimit64 values[] = {{100, 200}, {100, 100}, {200, 100}, {300, 400}, {RLIM64_INFINITY, RLIM64_INFINITY}, {50, 400}};
	static const int kinds[] = {RLIMIT_NOFILE, RLIMIT_NICE, RLIMIT_RTPRIO, RLIMIT_SIGPENDING, RLIMIT_LOCKS, RLIMIT_MSGQUEUE, 16};
	int i = any_agent(), kind = PICK(kinds), v = (int)draw(COUNT(values));
	bool ask = chance(40);
	struct rlimit64 old = {7, 7};
	if (kind == RLIMIT_NOFILE && v == 4)
		v = 3;
	say("prlimit(a%d, %d, %d)", i, kind, ask ? -1 : v);
	said(sys(SYS_prlimit64, pid_of(i), kind, ask ? NULL : &values[v], &old));
	say(" was %ld %ld", old.rlim_cur, old.rlim_max);
}

OP(SCHED, 3, affinity)
{
	uint64_t set[2] = {draw(3), 0};
	int i = any_agent();
	long size = chance(80) ? 8 : 4;
	say("setaffinity(a%d, %lx, %ld)", i, set[0], size);
	set[0] &= ~2ul;
	said(sys(SYS_sched_setaffinity, pid_of(i), size, set));
}

/* Times are long: nothing ends while it is looked at. */
static const char *rough(long seconds)
{
	return seconds > 8000 ? "long" : seconds > 4000 ? "medium" : seconds > 0 ? "short" : "none";
}

OP(SCHED | SIGNAL, 5, itimer)
{
	int which = (int)draw(3);
	struct itimerval new = {{chance(50) ? 9000 : 0, 0}, {chance(70) ? 5000 : 0, 0}}, old;
	memset(&old, 0, sizeof old);
	bool ask = chance(50);
	say("itimer(%d, %s %s)", which, ask ? "ask" : rough(new.it_value.tv_sec), rough(new.it_interval.tv_sec));
	said(ask ? sys(SYS_getitimer, which, &old) : sys(SYS_setitimer, which, &new, &old));
	say(" was %s %s", rough(old.it_value.tv_sec), rough(old.it_interval.tv_sec));
}

OP(SCHED | SIGNAL, 3, alarm)
{
	long to = chance(50) ? 9000 : 0;
	say("alarm(%ld)", to);
	say(" = %s", rough(sys(SYS_alarm, to)));
}

OP(SCHED | SIGNAL, 4, timer_create)
{
	static const int clocks[] = {CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_PROCESS_CPUTIME_ID, CLOCK_THREAD_CPUTIME_ID, CLOCK_BOOTTIME, 99};
	static const int kinds[] = {SIGEV_SIGNAL, SIGEV_NONE, SIGEV_THREAD_ID, 9};
	struct sigevent event;
	int clock = PICK(clocks), id = -1, i = any_agent();
	memset(&event, 0, sizeof event);
	event.sigev_notify = PICK(kinds);
	event.sigev_signo = chance(90) ? SIGUSR1 : 77;
	event._sigev_un._tid = (int)pid_of(i);
	say("timer_create(%d, %d %d a%d)", clock, event.sigev_notify, event.sigev_signo, i);
	said(sys(SYS_timer_create, clock, chance(20) ? NULL : &event, &id));
	say(" id %d", id);
}

OP(SCHED | SIGNAL, 4, timer_use)
{
	int id = (int)draw(3), what = (int)draw(4);
	struct itimerspec new = {{0, 0}, {9000, 0}}, old;
	memset(&old, 0, sizeof old);
	uint64_t pending = 0;
	sys(SYS_rt_sigpending, &pending, 8);
	if (pending && what == 3)	/* whether a deleted timer's signal still comes depends on Linux's age */
		what = 1;
	say("timer %d(%d)", what, id);
	said(what == 0 ? sys(SYS_timer_settime, id, 0, &new, &old) : what == 1 ? sys(SYS_timer_gettime, id, &old) :
	     what == 2 ? sys(SYS_timer_getoverrun, id) : sys(SYS_timer_delete, id));
	say(" %s", rough(old.it_value.tv_sec));
}

/* A time that is over at once; its signal comes before the next step. */
OP(SCHED | SIGNAL, 6, timer_now)
{
	static const int clocks[] = {CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_BOOTTIME};
	static const int kinds[] = {SIGEV_SIGNAL, SIGEV_SIGNAL, SIGEV_THREAD_ID, SIGEV_NONE};
	static const int signals[] = {SIGUSR1, SIGUSR1, 34, 40, SIGALRM};
	struct sigevent event;
	int clock = PICK(clocks), id = -1, i = any_agent();
	memset(&event, 0, sizeof event);
	event.sigev_notify = PICK(kinds);
	event.sigev_signo = PICK(signals);
	event.sigev_value.sival_int = (int)draw(100);
	event._sigev_un._tid = (int)(chance(70) ? sys(SYS_gettid) : pid_of(i));
	struct itimerspec at = {{0, 0}, {0, 1}};
	say("timer_now(%d, %d %d)", clock, event.sigev_notify, event.sigev_signo);
	long r = sys(SYS_timer_create, clock, &event, &id);
	said(r);
	if (r)
		return;
	r = sys(SYS_timer_settime, id, 0, &at, NULL);
	let_it_end();
	said(r);
}

OP(SCHED | SIGNAL, 3, itimer_now)
{
	struct itimerval now = {{0, 0}, {0, 1}};
	say("itimer_now");
	long r = sys(SYS_setitimer, ITIMER_REAL, &now, NULL);
	let_it_end();
	said(r);
}

/* Signals by a descriptor, which reads those of whoever reads. */
OP(SIGNAL, 8, signal_fd)
{
	uint64_t set = chance(40) ? ~0ul : 1ul << (SIGUSR1 - 1) | 1ul << (SIGCHLD - 1) | 1ul << 33;
	int what = (int)draw(4), fd = 50 + (int)draw(2);
	if (what == 0) {
		long r = sys(SYS_signalfd4, -1, &set, 8, 04000 | (chance(30) ? 02000000 : 0));
		say("signalfd(%d, %lx)", fd, set);
		said(r < 0 ? r : sys(SYS_dup3, r, fd, 0));
		sys(SYS_close, r);
		return;
	}
	uint32_t info[32];
	long r = sys(SYS_read, fd, info, sizeof info);
	say("signalfd read(%d)", fd);
	said(r);
	if (r > 0)
		say(" %u errno %d code %d pid %s uid %u", info[0], (int)info[1], (int)info[2], info[2] == (uint32_t)-2 ? "" : who(info[3]), info[4]);
}

OP(SCHED | CRED | PROCESS, 3, limit_processes)
{
	struct rlimit64 to = {1 + draw(4), 1000}, old = {7, 7};
	if (chance(40))
		to.rlim_cur = 1000;
	say("limit_processes(%ld)", to.rlim_cur);
	said(sys(SYS_prlimit64, 0, RLIMIT_NPROC, &to, &old));
	say(" was %ld", old.rlim_cur);
}

OP(FILES, 3, limit_size)
{
	struct rlimit64 to = {chance(60) ? draw(20) : RLIM64_INFINITY, RLIM64_INFINITY};
	say("limit_size(%ld)", to.rlim_cur);
	said(sys(SYS_prlimit64, 0, RLIMIT_FSIZE, &to, NULL));
}

OP(EVERY, 6, pidfd_open)
{
	int i = any_agent(), flags = chance(80) ? 0 : chance(50) ? 04000 : 1;
	say("pidfd_open(a%d, %x)", i, flags);
	long fd = sys(SYS_pidfd_open, pid_of(i), flags);
	if (fd >= 0) {
		int to = 30 + (int)draw(4);
		fd = sys(SYS_dup3, fd, to, chance(50) ? 02000000 : 0);
		sys(SYS_close, 3);
	}
	said(fd);
}

OP(EVERY, 6, pidfd_use)
{
	int fd = 30 + (int)draw(4), what = (int)draw(7), sig = chance(50) ? 0 : SIGUSR1, target = (int)draw(13);
	struct pollfd p = {fd, POLLIN | POLLOUT, 0};
	char path[40], text[600], *at;
	switch (what) {
	case 0:
		say("pidfd poll(%d)", fd);
		said(sys(SYS_poll, &p, 1, 0));
		return say(" %x", p.revents);
	case 1:
		say("pidfd_send_signal(%d, %d)", fd, sig);
		return said(sys(SYS_pidfd_send_signal, fd, sig, NULL, 0));
	case 2:
		say("pidfd_getfd(%d, %d)", fd, target);
		long r = sys(SYS_pidfd_getfd, fd, target, 0);
		said(r);
		if (r >= 0)
			sys(SYS_close, r);
		return;
	case 3:
		snprintf(path, sizeof path, "/proc/self/fdinfo/%d", fd);
		long n = slurp(path, text, sizeof text);
		say("pidfd info(%d)", fd);
		if (n < 0)
			return said(n);
		at = strstr(text, "Pid:\t");
		int pid = 0;
		if (at)
			sscanf(at + 5, "%d", &pid);
		return say(" %s", at ? who_outside(pid) : "no pid");
	case 4: {
		siginfo_t info;
		memset(&info, 0, sizeof info);
		info.si_signo = chance(90) ? 34 : SIGUSR2;
		info.si_code = chance(80) ? SI_QUEUE : SI_USER;
		info.si_ptr = (void *)0x55;
		say("pidfd queue(%d, %d code %d)", fd, info.si_signo, info.si_code);
		return said(sys(SYS_pidfd_send_signal, fd, 34, &info, chance(95) ? 0 : 1));
	}
	case 5:
		say("pidfd flags(%d)", fd);
		said(sys(SYS_fcntl, fd, 3, 0));
		return said(sys(SYS_fcntl, fd, 1, 0));
	default:
		say("pidfd close(%d)", fd);
		return said(sys(SYS_close, fd));
	}
}
