/*
 * What a filter is, which ones are refused, what each verdict does, and whom a filter judges.
 * Source: seccomp(2).
 */
#include "seccomp.h"
#include <pthread.h>
#include <ucontext.h>

#define ALLOW BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)
#define REFUSED(...) CHECK_ERR(SECCOMP_INSTALL(0, __VA_ARGS__), EINVAL)
#define TAKEN(...) CHECK_OK(SECCOMP_INSTALL(0, __VA_ARGS__))

TEST(operations)
{
	unsigned action = SECCOMP_RET_LOG, unknown = 0x7ff90000;
	struct seccomp_notif_sizes sizes = {0};
	CHECK_ERR(seccomp_call(99, 0, 0), EINVAL);
	CHECK_ERR(seccomp_call(SECCOMP_SET_MODE_STRICT, 1, 0), EINVAL);
	CHECK_ERR(seccomp_call(SECCOMP_SET_MODE_STRICT, 0, &action), EINVAL);
	CHECK_ERR(seccomp_call(SECCOMP_GET_ACTION_AVAIL, 1, &action), EINVAL);
	CHECK_ERR(seccomp_call(SECCOMP_GET_ACTION_AVAIL, 0, 0), EFAULT);
	CHECK_OK(seccomp_call(SECCOMP_GET_ACTION_AVAIL, 0, &action));
	CHECK_ERR(seccomp_call(SECCOMP_GET_ACTION_AVAIL, 0, &unknown), EOPNOTSUPP);
	action = SECCOMP_RET_KILL_PROCESS;
	CHECK_OK(seccomp_call(SECCOMP_GET_ACTION_AVAIL, 0, &action));
	CHECK_ERR(seccomp_call(SECCOMP_GET_NOTIF_SIZES, 1, &sizes), EINVAL);
	CHECK_ERR(seccomp_call(SECCOMP_GET_NOTIF_SIZES, 0, 0), EFAULT);
	CHECK_OK(seccomp_call(SECCOMP_GET_NOTIF_SIZES, 0, &sizes));
	CHECK_EQ(sizes.seccomp_notif, sizeof(struct seccomp_notif));
	CHECK_EQ(sizes.seccomp_notif_resp, sizeof(struct seccomp_notif_resp));
	CHECK_EQ(sizes.seccomp_data, sizeof(struct seccomp_data));
	CHECK_ERR(prctl(PR_SET_SECCOMP, 0, 0, 0, 0), EINVAL);
	CHECK_ERR(prctl(PR_SET_SECCOMP, 7, 0, 0, 0), EINVAL);
	CHECK_EQ(prctl(PR_GET_SECCOMP, 0, 0, 0, 0), 0);
	CHECK_EQ(check_field("/proc/self/status", "Seccomp", 10), 0);
}

TEST(lists_of_actions)
{
	char text[128] = "";
	CHECK(check_slurp("/proc/sys/kernel/seccomp/actions_avail", text, sizeof text) > 0);
	CHECK_STR(text, "kill_process kill_thread trap errno user_notif trace log allow\n");
	CHECK(check_slurp("/proc/sys/kernel/seccomp/actions_logged", text, sizeof text) > 0);
	CHECK_STR(text, "kill_process kill_thread trap errno user_notif trace log\n");
	int fd = open("/proc/sys/kernel/seccomp/actions_logged", O_WRONLY);
	if (fd < 0)
		return;
	CHECK_ERR(write(fd, "allow", 5), EINVAL);
	CHECK_ERR(write(fd, "kill_process nothing", 20), EINVAL);
}

TEST(order_of_refusals)
{
	struct sock_filter one = ALLOW;
	struct sock_fprog empty = {.len = 0, .filter = &one}, nowhere = {.len = 1, .filter = 0},
			  bad = {.len = 1, .filter = (void *)8}, good = {.len = 1, .filter = &one};
	CHECK_ERR(seccomp_call(SECCOMP_SET_MODE_FILTER, 1u << 20, (void *)8), EINVAL);
	CHECK_ERR(seccomp_call(SECCOMP_SET_MODE_FILTER,
			       SECCOMP_FILTER_FLAG_TSYNC | SECCOMP_FILTER_FLAG_NEW_LISTENER, &good), EINVAL);
	CHECK_ERR(seccomp_call(SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV, &good), EINVAL);
	CHECK_ERR(seccomp_call(SECCOMP_SET_MODE_FILTER, 0, (void *)8), EFAULT);
	CHECK_ERR(seccomp_call(SECCOMP_SET_MODE_FILTER, 0, &empty), EINVAL);
	CHECK_ERR(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, 0, 0, 0), EFAULT);
	if (setuid(65534))
		return;
	CHECK_ERR(seccomp_call(SECCOMP_SET_MODE_FILTER, 0, &good), EACCES);
	CHECK_ERR(seccomp_call(SECCOMP_SET_MODE_FILTER, 0, &bad), EACCES);
	CHECK_ERR(seccomp_call(SECCOMP_SET_MODE_FILTER, 0, &empty), EINVAL);
	seccomp_no_new_privs();
	CHECK_ERR(seccomp_call(SECCOMP_SET_MODE_FILTER, 0, &nowhere), EINVAL);
	CHECK_ERR(seccomp_call(SECCOMP_SET_MODE_FILTER, 0, &bad), EFAULT);
	CHECK_OK(seccomp_call(SECCOMP_SET_MODE_FILTER, 0, &good));
	CHECK_EQ(prctl(PR_GET_SECCOMP, 0, 0, 0, 0), 2);
	CHECK_ERR(seccomp_call(SECCOMP_SET_MODE_STRICT, 0, 0), EINVAL);
	CHECK_ERR(prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT, 0, 0, 0), EINVAL);
	CHECK_EQ(check_field("/proc/self/status", "Seccomp", 10), 2);
	CHECK_EQ(check_field("/proc/self/status", "Seccomp_filters", 10), 1);
	CHECK_EQ(check_field("/proc/self/status", "NoNewPrivs", 10), 1);
}

TEST(programs_refused)
{
	seccomp_no_new_privs();
	REFUSED(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0));
	REFUSED(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 64), ALLOW);
	REFUSED(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 2), ALLOW);
	REFUSED(BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 0), ALLOW);
	REFUSED(BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 0), ALLOW);
	REFUSED(BPF_STMT(BPF_LD | BPF_W | BPF_IND, 0), ALLOW);
	REFUSED(BPF_STMT(BPF_LDX | BPF_B | BPF_MSH, 0), ALLOW);
	REFUSED(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (unsigned)SKF_AD_OFF), ALLOW);
	REFUSED(BPF_STMT(BPF_ALU | BPF_MOD | BPF_K, 2), ALLOW);
	REFUSED(BPF_STMT(BPF_ALU | BPF_MOD | BPF_X, 0), ALLOW);
	REFUSED(BPF_STMT(BPF_ALU | BPF_DIV | BPF_K, 0), ALLOW);
	REFUSED(BPF_STMT(BPF_ALU | BPF_LSH | BPF_K, 32), ALLOW);
	REFUSED(BPF_STMT(BPF_ALU | BPF_RSH | BPF_K, 32), ALLOW);
	REFUSED(BPF_STMT(BPF_ST, 16), ALLOW);
	REFUSED(BPF_STMT(BPF_STX, 16), ALLOW);
	REFUSED(BPF_STMT(BPF_LD | BPF_MEM, 0), ALLOW);
	REFUSED(BPF_STMT(BPF_LDX | BPF_MEM, 3), ALLOW);
	REFUSED(BPF_STMT(BPF_JMP | BPF_JA, 1), ALLOW);
	REFUSED(BPF_STMT(BPF_JMP | BPF_JA, 0xffffffff), ALLOW);
	REFUSED(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 1), ALLOW);
	REFUSED(BPF_JUMP(BPF_JMP | BPF_JGT | BPF_X, 0, 1, 0), ALLOW);
	REFUSED(BPF_STMT(BPF_RET | BPF_X, 0));
	REFUSED(BPF_STMT(BPF_ST, 0));
	REFUSED(BPF_STMT(0xffff, 0), ALLOW);
	/* written on one of the two ways only */
	REFUSED(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 1), BPF_STMT(BPF_ST, 1), BPF_STMT(BPF_LD | BPF_MEM, 1), ALLOW);
	CHECK_EQ(prctl(PR_GET_SECCOMP, 0, 0, 0, 0), 0);
	TAKEN(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 60), ALLOW);
	TAKEN(BPF_STMT(BPF_ST, 15), BPF_STMT(BPF_LD | BPF_MEM, 15), ALLOW);
	TAKEN(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 1, 0), BPF_STMT(BPF_ST, 1), ALLOW);
	TAKEN(BPF_STMT(BPF_LD | BPF_W | BPF_LEN, 0), BPF_STMT(BPF_LDX | BPF_W | BPF_LEN, 0), BPF_STMT(BPF_ALU | BPF_NEG, 0),
	      BPF_STMT(BPF_JMP | BPF_JA, 0), ALLOW);
}

/* Runs a computation for getpgid(A0, A1) and returns its A as an errno. */
#define COMPUTES(a, x, want, ...)                                                                               \
	IN_CHILD {                                                                                              \
		CHECK_OK(SECCOMP_INSTALL(0, BPF_STMT(BPF_LD | BPF_W | BPF_ABS, NR_OFFSET),                      \
			BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getpgid, 1, 0), ALLOW,                          \
			BPF_STMT(BPF_LD | BPF_W | BPF_ABS, ARG_OFFSET(1)), BPF_STMT(BPF_MISC | BPF_TAX, 0),     \
			BPF_STMT(BPF_LD | BPF_W | BPF_ABS, ARG_OFFSET(0)), __VA_ARGS__,                         \
			BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 0xfff),                                             \
			BPF_STMT(BPF_ALU | BPF_OR | BPF_K, SECCOMP_RET_ERRNO), BPF_STMT(BPF_RET | BPF_A, 0)));  \
		CHECK_EQ(-RAW(SYS_getpgid, a, x), want);                                                        \
	}

TEST(arithmetic)
{
	seccomp_no_new_privs();
	COMPUTES(5, 7, 12, BPF_STMT(BPF_ALU | BPF_ADD | BPF_X, 0));
	COMPUTES(5, 7, 105, BPF_STMT(BPF_ALU | BPF_ADD | BPF_K, 100));
	COMPUTES(9, 7, 2, BPF_STMT(BPF_ALU | BPF_SUB | BPF_X, 0));
	COMPUTES(9, 7, 4, BPF_STMT(BPF_ALU | BPF_SUB | BPF_K, 5));
	COMPUTES(9, 7, 63, BPF_STMT(BPF_ALU | BPF_MUL | BPF_X, 0));
	COMPUTES(-1, 2, 0xfff, BPF_STMT(BPF_ALU | BPF_DIV | BPF_X, 0));
	COMPUTES(100, 2, 14, BPF_STMT(BPF_ALU | BPF_DIV | BPF_K, 7));
	COMPUTES(0xf0, 0x3c, 0x30, BPF_STMT(BPF_ALU | BPF_AND | BPF_X, 0));
	COMPUTES(0xf0, 0x0c, 0xfc, BPF_STMT(BPF_ALU | BPF_OR | BPF_X, 0));
	COMPUTES(0xf0, 0x3c, 0xcc, BPF_STMT(BPF_ALU | BPF_XOR | BPF_X, 0));
	COMPUTES(0xf0, 0, 0x0f, BPF_STMT(BPF_ALU | BPF_XOR | BPF_K, 0xff));
	COMPUTES(3, 4, 48, BPF_STMT(BPF_ALU | BPF_LSH | BPF_X, 0));
	COMPUTES(48, 0, 3, BPF_STMT(BPF_ALU | BPF_RSH | BPF_K, 4));
	COMPUTES(-5, 0, 5, BPF_STMT(BPF_ALU | BPF_NEG, 0));
	COMPUTES(8, 9, 9, BPF_STMT(BPF_MISC | BPF_TXA, 0));
	COMPUTES(8, 9, 64, BPF_STMT(BPF_LD | BPF_W | BPF_LEN, 0));
	COMPUTES(8, 9, 17, BPF_STMT(BPF_ST, 3), BPF_STMT(BPF_LD | BPF_IMM, 8), BPF_STMT(BPF_STX, 4),
		 BPF_STMT(BPF_LDX | BPF_MEM, 4), BPF_STMT(BPF_ALU | BPF_ADD | BPF_X, 0));
	COMPUTES(8, 9, 3, BPF_JUMP(BPF_JMP | BPF_JGT | BPF_X, 0, 1, 0), BPF_STMT(BPF_LD | BPF_IMM, 3));
	COMPUTES(9, 9, 9, BPF_JUMP(BPF_JMP | BPF_JGE | BPF_X, 0, 1, 0), BPF_STMT(BPF_LD | BPF_IMM, 3));
	COMPUTES(8, 1, 3, BPF_JUMP(BPF_JMP | BPF_JSET | BPF_X, 0, 1, 0), BPF_STMT(BPF_LD | BPF_IMM, 3));
	/* compares are of unsigned numbers */
	COMPUTES(-1, 1, 0xfff, BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, 1, 1, 0), BPF_STMT(BPF_LD | BPF_IMM, 3));
	IN_CHILD_ENDS(KILLED(SIGSYS)) {		/* a division by zero ends the filter with 0, which kills */
		CHECK_OK(SECCOMP_INSTALL(0, BPF_STMT(BPF_LDX | BPF_IMM, 0), BPF_STMT(BPF_ALU | BPF_DIV | BPF_X, 0), ALLOW));
		RAW(SYS_getpid);
	}
}

TEST(data)
{
	seccomp_no_new_privs();
	struct sock_filter f[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 0, 8),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, NR_OFFSET),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getpgid, 0, 6),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, ARG_OFFSET(3) + 4),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0x1234, 0, 4),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, ARG_OFFSET(5)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 77, 0, 2),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | 99),
		ALLOW, ALLOW,
	};
	CHECK_OK(seccomp_install(f, sizeof f / sizeof *f, 0));
	CHECK_EQ(RAW(SYS_getpgid, 0, 0, 0, 0x123400000000, 0, 77), -99);
	CHECK_EQ(RAW(SYS_getpgid, 0, 0, 0, 0x123400000000, 0, 78), getpgrp());
	CHECK_EQ(RAW(SYS_getpgid, 0, 0, 0, 0x1234, 0, 77), getpgrp());
}

TEST(verdict_errno)
{
	seccomp_no_new_privs();
	CHECK_OK(seccomp_say(SYS_getpgid, SECCOMP_RET_ERRNO | 0xffff, 0));
	CHECK_EQ(RAW(SYS_getpgid, 0), -4095);
	CHECK_OK(seccomp_say(SYS_getsid, SECCOMP_RET_ERRNO, 0));
	CHECK_EQ(RAW(SYS_getsid, 0), 0);
	CHECK_OK(seccomp_say(999, SECCOMP_RET_ERRNO | EXDEV, 0));
	CHECK_EQ(RAW(999), -EXDEV);
	CHECK_OK(seccomp_say(-1, SECCOMP_RET_ERRNO | EDOM, 0));
	CHECK_EQ(RAW(-1), -EDOM);
	CHECK_EQ(RAW(998), -ENOSYS);
	/* the number is an int, whatever the upper half holds */
	CHECK_EQ(RAW((long)SYS_getpgid | 1L << 40, 0), -4095);
	CHECK_OK(seccomp_say(SYS_getpid, SECCOMP_RET_TRACE | 1, 0));
	CHECK_EQ(RAW(SYS_getpid), -ENOSYS);
	CHECK_OK(seccomp_say(SYS_getppid, SECCOMP_RET_LOG, SECCOMP_FILTER_FLAG_LOG));
	CHECK_EQ(RAW(SYS_getppid), getppid());
}

TEST(verdict_kill)
{
	seccomp_no_new_privs();
	IN_CHILD_ENDS(KILLED(SIGSYS)) {
		CHECK_OK(seccomp_say(SYS_getpgid, SECCOMP_RET_KILL_PROCESS, 0));
		RAW(SYS_getpgid, 0);
	}
	IN_CHILD_ENDS(KILLED(SIGSYS)) {		/* neither a handler nor a mask helps */
		sigset_t all;
		sigfillset(&all);
		signal(SIGSYS, SIG_IGN);
		sigprocmask(SIG_BLOCK, &all, 0);
		CHECK_OK(seccomp_say(SYS_getpgid, SECCOMP_RET_KILL_THREAD, 0));
		RAW(SYS_getpgid, 0);
	}
	IN_CHILD_ENDS(KILLED(SIGSYS)) {		/* what nobody knows kills */
		CHECK_OK(seccomp_say(SYS_getpgid, 0x00020000, 0));
		RAW(SYS_getpgid, 0);
	}
}

static void *killed_thread(void *arg)
{
	CHECK_OK(seccomp_say(SYS_getpgid, (unsigned)(uintptr_t)arg, 0));
	RAW(SYS_getpgid, 0);
	return (void *)1;
}

TEST(kill_thread_spares_the_others)
{
	pthread_t t;
	seccomp_no_new_privs();
	IN_CHILD {
		void *result = (void *)2;
		CHECK_EQ(pthread_create(&t, 0, killed_thread, (void *)(uintptr_t)SECCOMP_RET_KILL_THREAD), 0);
		pthread_join(t, &result);
		CHECK(result == 0);
	}
	IN_CHILD_ENDS(KILLED(SIGSYS)) {
		pthread_create(&t, 0, killed_thread, (void *)(uintptr_t)SECCOMP_RET_KILL_PROCESS);
		check_sleep_ms(10000);
	}
}

static siginfo_t seen;
static long seen_rax;
static uintptr_t seen_rip;
static void on_sigsys(int sig, siginfo_t *info, void *context)
{
	ucontext_t *u = context;
	seen = *info;
	seen_rax = u->uc_mcontext.gregs[REG_RAX];
	seen_rip = (uintptr_t)u->uc_mcontext.gregs[REG_RIP];
	u->uc_mcontext.gregs[REG_RAX] = 4711;
}

TEST(verdict_trap)
{
	struct sigaction act = {.sa_sigaction = on_sigsys, .sa_flags = SA_SIGINFO};
	seccomp_no_new_privs();
	NEED_OK(sigaction(SIGSYS, &act, 0));
	CHECK_OK(seccomp_say(SYS_getpgid, SECCOMP_RET_TRAP | 0x1234, 0));
	CHECK_EQ(RAW(SYS_getpgid, 0), 4711);
	CHECK_EQ(seen.si_signo, SIGSYS);
	CHECK_EQ(seen.si_code, 1);
	CHECK_EQ(seen.si_errno, 0x1234);
	CHECK_EQ(seen.si_syscall, SYS_getpgid);
	CHECK_EQ(seen.si_arch, AUDIT_ARCH_X86_64);
	CHECK_EQ(seen_rax, SYS_getpgid);
	CHECK_EQ((uintptr_t)seen.si_call_addr, seen_rip);
	IN_CHILD_ENDS(KILLED(SIGSYS)) {
		signal(SIGSYS, SIG_IGN);
		RAW(SYS_getpgid, 0);
	}
}

TEST(strict)
{
	IN_CHILD_ENDS(KILLED(SIGKILL)) {
		NEED_OK(prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT, 0, 0, 0));
		RAW(SYS_write, 1, "", 0);
		RAW(SYS_exit_group, 0);
	}
	IN_CHILD_ENDS(EXITED(7)) {
		NEED_OK(seccomp_call(SECCOMP_SET_MODE_STRICT, 0, 0));
		RAW(SYS_exit, 7);
	}
	IN_CHILD_ENDS(KILLED(SIGKILL)) {
		NEED_OK(seccomp_call(SECCOMP_SET_MODE_STRICT, 0, 0));
		prctl(PR_GET_SECCOMP, 0, 0, 0, 0);
	}
}

HELPER(getpgid) { return RAW(SYS_getpgid, 0) == -EXDEV && prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 ? 0 : 3; }

static void *inherits(void *arg) { return (void *)RAW(SYS_getpgid, 0); }

TEST(inherited)
{
	seccomp_no_new_privs();
	CHECK_OK(seccomp_say(SYS_getpgid, SECCOMP_RET_ERRNO | EXDEV, 0));
	IN_CHILD {
		pthread_t t;
		void *result;
		CHECK_EQ(RAW(SYS_getpgid, 0), -EXDEV);
		CHECK_EQ(check_field("/proc/self/status", "Seccomp_filters", 10), 1);
		CHECK_OK(seccomp_say(SYS_getsid, SECCOMP_RET_ERRNO | EXDEV, 0));
		CHECK_EQ(check_field("/proc/self/status", "Seccomp_filters", 10), 2);
		CHECK_EQ(pthread_create(&t, 0, inherits, 0), 0);
		CHECK_EQ(pthread_join(t, &result), 0);
		CHECK_EQ((long)result, -EXDEV);
	}
	CHECK_EQ(check_field("/proc/self/status", "Seccomp_filters", 10), 1);
	pid_t pid = fork();
	if (pid == 0) {
		execl(check_self, check_self, "@getpgid", (char *)0);
		_exit(2);
	}
	CHECK_WAIT(pid, EXITED(0));
	pid = vfork();
	if (pid == 0) {
		execl(check_self, check_self, "@getpgid", (char *)0);
		_exit(2);
	}
	CHECK_WAIT(pid, EXITED(0));
}

/* The verdict that restricts most counts, whatever the order of the filters. */
TEST(precedence)
{
	seccomp_no_new_privs();
	CHECK_OK(seccomp_say(SYS_getpgid, SECCOMP_RET_ERRNO | 1, 0));
	CHECK_OK(seccomp_say(SYS_getpgid, SECCOMP_RET_ALLOW, 0));
	CHECK_OK(seccomp_say(SYS_getpgid, SECCOMP_RET_LOG, 0));
	CHECK_EQ(RAW(SYS_getpgid, 0), -1);
	CHECK_OK(seccomp_say(SYS_getpgid, SECCOMP_RET_ERRNO | 2, 0));
	CHECK_EQ(RAW(SYS_getpgid, 0), -2);	/* the newest among equals */
	CHECK_OK(seccomp_say(SYS_getpgid, SECCOMP_RET_TRACE, 0));
	CHECK_EQ(RAW(SYS_getpgid, 0), -2);
}

static int sync_pipe[2];
static void *waits_then_asks(void *arg)
{
	char c;
	(void)!read(sync_pipe[0], &c, 1);
	return (void *)(RAW(SYS_getpgid, 0) == -EXDEV && prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 ? 1L : 0L);
}

TEST(all_threads_at_once)
{
	pthread_t t[3];
	NEED_OK(pipe(sync_pipe));
	for (int i = 0; i < 3; i++)
		CHECK_EQ(pthread_create(&t[i], 0, waits_then_asks, 0), 0);
	seccomp_no_new_privs();
	CHECK_EQ(seccomp_say(SYS_getpgid, SECCOMP_RET_ERRNO | EXDEV, SECCOMP_FILTER_FLAG_TSYNC), 0);
	CHECK_OK(write(sync_pipe[1], "abc", 3));
	for (int i = 0; i < 3; i++) {
		void *result;
		pthread_join(t[i], &result);
		CHECK_EQ((long)result, 1);
	}
}

static void *has_own_filter(void *arg)
{
	CHECK_OK(seccomp_say(SYS_getsid, SECCOMP_RET_ERRNO | EXDEV, 0));
	*(pid_t *)arg = (pid_t)syscall(SYS_gettid);
	char c;
	(void)!read(sync_pipe[0], &c, 1);
	return 0;
}

TEST(a_thread_with_filters_of_its_own)
{
	pthread_t t;
	static pid_t tid;
	NEED_OK(pipe(sync_pipe));
	seccomp_no_new_privs();
	CHECK_EQ(pthread_create(&t, 0, has_own_filter, &tid), 0);
	CHECK_SOON(*(volatile pid_t *)&tid);
	CHECK_EQ(seccomp_say(SYS_getpgid, SECCOMP_RET_ERRNO | EXDEV, SECCOMP_FILTER_FLAG_TSYNC), tid);
	CHECK_ERR(seccomp_say(SYS_getpgid, SECCOMP_RET_ERRNO | EXDEV,
			      SECCOMP_FILTER_FLAG_TSYNC | SECCOMP_FILTER_FLAG_TSYNC_ESRCH), ESRCH);
	CHECK_EQ(prctl(PR_GET_SECCOMP, 0, 0, 0, 0), 0);
	CHECK_OK(write(sync_pipe[1], "a", 1));
	pthread_join(t, 0);
	/* it may still be on its way out */
	CHECK_SOON(seccomp_say(SYS_getpgid, SECCOMP_RET_ERRNO | EXDEV, SECCOMP_FILTER_FLAG_TSYNC) == 0);
}

TEST(too_long)
{
	static struct sock_filter many[BPF_MAXINSNS + 1];
	int n = 0;
	for (int i = 0; i <= BPF_MAXINSNS; i++)
		many[i] = (struct sock_filter)ALLOW;
	seccomp_no_new_privs();
	CHECK_ERR(seccomp_install(many, BPF_MAXINSNS + 1, 0), EINVAL);
	while (n < 100 && seccomp_install(many, BPF_MAXINSNS, 0) == 0)
		n++;
	CHECK_EQ(errno, ENOMEM);
	CHECK(n >= 3 && n < 9);
}
