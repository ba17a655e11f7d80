/*
 * Capabilities, securebits, what closes a process to others: over prctl, setuid, fork and exec.
 * Source: capabilities(7), prctl(2), execve(2). As root only.
 */
#include "check.h"
#include <linux/capability.h>
#include <linux/securebits.h>
#include <sched.h>
#include <sys/auxv.h>
#include <sys/prctl.h>

struct caps { uint64_t effective, permitted, inheritable; };
#define CAP(n) (1ull << (n))

static struct caps get(void)
{
	struct __user_cap_header_struct h = {_LINUX_CAPABILITY_VERSION_3, 0};
	struct __user_cap_data_struct d[2];
	NEED_OK(syscall(SYS_capget, &h, d));
	return (struct caps){d[0].effective | (uint64_t)d[1].effective << 32, d[0].permitted | (uint64_t)d[1].permitted << 32,
			     d[0].inheritable | (uint64_t)d[1].inheritable << 32};
}

static int set(struct caps c)
{
	struct __user_cap_header_struct h = {_LINUX_CAPABILITY_VERSION_3, 0};
	struct __user_cap_data_struct d[2] = {{(unsigned)c.effective, (unsigned)c.permitted, (unsigned)c.inheritable},
		{(unsigned)(c.effective >> 32), (unsigned)(c.permitted >> 32), (unsigned)(c.inheritable >> 32)}};
	return (int)syscall(SYS_capset, &h, d);
}

/* With every capability, as on a machine of one's own. */
static bool is_root(void) { return getuid() == 0 && (get().effective & CAP(CAP_SYS_RESOURCE)) && (get().effective & CAP(CAP_SYS_ADMIN)); }

static int ambient(int what, int cap) { return prctl(PR_CAP_AMBIENT, what, cap, 0, 0); }

HELPER(show)	/* effective permitted inheritable ambient-of-chown secure dumpable pdeathsig: as wanted */
{
	struct caps c = get();
	int signal = -1;
	CHECK_EQ(c.effective, strtoull(argv[2], 0, 16));
	CHECK_EQ(c.permitted, strtoull(argv[3], 0, 16));
	CHECK_EQ(c.inheritable, strtoull(argv[4], 0, 16));
	CHECK_EQ(ambient(PR_CAP_AMBIENT_IS_SET, CAP_CHOWN), atoi(argv[5]));
	CHECK_EQ(getauxval(AT_SECURE), atoi(argv[6]));
	CHECK_EQ(prctl(PR_GET_DUMPABLE, 0, 0, 0, 0), atoi(argv[7]));
	CHECK_OK(prctl(PR_GET_PDEATHSIG, &signal, 0, 0, 0));
	CHECK_EQ(signal, atoi(argv[8]));
	CHECK_EQ(prctl(PR_GET_KEEPCAPS, 0, 0, 0, 0), 0);
	return check_failed != 0;
}

static void become(const char *program, uint64_t e, uint64_t p, uint64_t i, int amb, int secure, int dumpable, int signal)
{
	char t[7][24];
	snprintf(t[0], 24, "%llx", (unsigned long long)e);
	snprintf(t[1], 24, "%llx", (unsigned long long)p);
	snprintf(t[2], 24, "%llx", (unsigned long long)i);
	snprintf(t[3], 24, "%d", amb);
	snprintf(t[4], 24, "%d", secure);
	snprintf(t[5], 24, "%d", dumpable);
	snprintf(t[6], 24, "%d", signal);
	prctl(PR_SET_PDEATHSIG, SIGUSR2);
	execl(program, program, "@show", t[0], t[1], t[2], t[3], t[4], t[5], t[6], (char *)0);
	CHECK(!"exec");
}

TEST(prctl_refusals)
{
	if (!is_root())
		return;
	CHECK_ERR(prctl(PR_CAPBSET_READ, 64, 0, 0, 0), EINVAL);
	CHECK_EQ(prctl(PR_CAPBSET_READ, CAP_CHOWN, 0, 0, 0), 1);
	CHECK_ERR(prctl(PR_CAPBSET_DROP, 64, 0, 0, 0), EINVAL);
	CHECK_ERR(prctl(PR_SET_KEEPCAPS, 2, 0, 0, 0), EINVAL);
	CHECK_ERR(ambient(PR_CAP_AMBIENT_RAISE, 64), EINVAL);
	CHECK_ERR(ambient(9, 0), EINVAL);
	CHECK_ERR(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 1, 0, 0), EINVAL);
	CHECK_ERR(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, CAP_CHOWN, 1, 0), EINVAL);
	CHECK_ERR(ambient(PR_CAP_AMBIENT_RAISE, CAP_CHOWN), EPERM);	/* it is not inheritable */
	CHECK_ERR(prctl(PR_SET_SECUREBITS, 1u << 20, 0, 0, 0), EPERM);
	CHECK_ERR(prctl(PR_SET_DUMPABLE, 2, 0, 0, 0), EINVAL);
	CHECK_ERR(prctl(PR_SET_NO_NEW_PRIVS, 0, 0, 0, 0), EINVAL);
	CHECK_ERR(prctl(PR_SET_NO_NEW_PRIVS, 1, 1, 0, 0), EINVAL);
	CHECK_ERR(prctl(PR_GET_NO_NEW_PRIVS, 1, 0, 0, 0), EINVAL);
	CHECK_ERR(prctl(PR_SET_PDEATHSIG, 65, 0, 0, 0), EINVAL);
	CHECK_ERR(prctl(PR_GET_PDEATHSIG, 8, 0, 0, 0), EFAULT);
	CHECK_ERR(prctl(0x7fff1234, 0, 0, 0, 0), EINVAL);
	struct caps c = get();
	c.effective &= ~CAP(CAP_SETPCAP);
	CHECK_OK(set(c));
	CHECK_ERR(prctl(PR_CAPBSET_DROP, CAP_CHOWN, 0, 0, 0), EPERM);
	CHECK_ERR(prctl(PR_CAPBSET_DROP, 64, 0, 0, 0), EPERM);
	CHECK_ERR(prctl(PR_SET_SECUREBITS, 0, 0, 0, 0), EPERM);
}

TEST(securebits_lock)
{
	if (!is_root())
		return;
	CHECK_EQ(prctl(PR_GET_SECUREBITS, 0, 0, 0, 0), 0);
	CHECK_OK(prctl(PR_SET_SECUREBITS, SECBIT_KEEP_CAPS | SECBIT_KEEP_CAPS_LOCKED, 0, 0, 0));
	CHECK_ERR(prctl(PR_SET_KEEPCAPS, 0, 0, 0, 0), EPERM);
	CHECK_ERR(prctl(PR_SET_SECUREBITS, SECBIT_KEEP_CAPS, 0, 0, 0), EPERM);
	CHECK_ERR(prctl(PR_SET_SECUREBITS, SECBIT_KEEP_CAPS_LOCKED, 0, 0, 0), EPERM);
	CHECK_OK(prctl(PR_SET_SECUREBITS, SECBIT_KEEP_CAPS | SECBIT_KEEP_CAPS_LOCKED | SECBIT_NO_CAP_AMBIENT_RAISE, 0, 0, 0));
	IN_CHILD CHECK_EQ(prctl(PR_GET_SECUREBITS, 0, 0, 0, 0), SECBIT_KEEP_CAPS | SECBIT_KEEP_CAPS_LOCKED |
			  SECBIT_NO_CAP_AMBIENT_RAISE);
	struct caps c = get();
	c.inheritable |= CAP(CAP_CHOWN);
	CHECK_OK(set(c));
	CHECK_ERR(ambient(PR_CAP_AMBIENT_RAISE, CAP_CHOWN), EPERM);
}

TEST(sets_of_a_process)
{
	if (!is_root())
		return;
	struct caps all = get(), c = all;
	c.permitted = CAP(CAP_CHOWN) | CAP(CAP_KILL);
	CHECK_ERR(set(c), EPERM);		/* more effective than permitted */
	c.effective = CAP(CAP_CHOWN);
	c.inheritable = CAP(CAP_CHOWN) | CAP(CAP_NET_RAW);
	CHECK_OK(set(c));
	CHECK_ERR(set(all), EPERM);		/* what is given up is gone */
	CHECK_OK(ambient(PR_CAP_AMBIENT_RAISE, CAP_CHOWN));
	CHECK_ERR(ambient(PR_CAP_AMBIENT_RAISE, CAP_NET_RAW), EPERM);
	CHECK_EQ(ambient(PR_CAP_AMBIENT_IS_SET, CAP_CHOWN), 1);
	IN_CHILD CHECK_EQ(ambient(PR_CAP_AMBIENT_IS_SET, CAP_CHOWN), 1);
	c.inheritable = 0;
	CHECK_OK(set(c));
	CHECK_EQ(ambient(PR_CAP_AMBIENT_IS_SET, CAP_CHOWN), 0);	/* ambient is never more than inheritable */
}

TEST(changes_of_the_user)
{
	if (!is_root())
		return;
	uint64_t all = get().permitted;
	IN_CHILD {
		CHECK_OK(setresuid(0, 1000, 0));
		CHECK_EQ(get().effective, 0);
		CHECK_EQ(get().permitted, all);
		CHECK_EQ(prctl(PR_GET_DUMPABLE, 0, 0, 0, 0), 0);
		CHECK_OK(setresuid(-1, 0, -1));
		CHECK_EQ(get().effective, all);
	}
	IN_CHILD {
		CHECK_OK(setresuid(1000, 1000, 1000));
		CHECK_EQ(get().permitted, 0);
	}
	IN_CHILD {
		CHECK_OK(prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0));
		CHECK_OK(setresuid(1000, 1000, 1000));
		CHECK_EQ(get().permitted, all);
		CHECK_EQ(get().effective, 0);
	}
	IN_CHILD {
		CHECK_OK(prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP, 0, 0, 0));
		CHECK_OK(setresuid(1000, 1000, 1000));
		CHECK_EQ(get().effective, all);
	}
}

TEST(over_exec)
{
	if (!is_root())
		return;
	uint64_t all = get().permitted;
	IN_CHILD become(check_self, all, all, 0, 0, 0, 1, SIGUSR2);
	IN_CHILD {	/* the bounding set bounds what root gets */
		CHECK_OK(prctl(PR_CAPBSET_DROP, CAP_NET_RAW, 0, 0, 0));
		CHECK_EQ(get().permitted, all);
		become(check_self, all & ~CAP(CAP_NET_RAW), all & ~CAP(CAP_NET_RAW), 0, 0, 0, 1, SIGUSR2);
	}
	IN_CHILD {	/* root gets back what it gave up, and is closed to others then */
		CHECK_OK(set((struct caps){CAP(CAP_CHOWN), CAP(CAP_CHOWN), 0}));
		become(check_self, all, all, 0, 0, 0, 0, 0);
	}
	IN_CHILD {	/* but not with no_new_privs */
		CHECK_OK(set((struct caps){CAP(CAP_CHOWN), CAP(CAP_CHOWN), 0}));
		CHECK_OK(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
		become(check_self, CAP(CAP_CHOWN), CAP(CAP_CHOWN), 0, 0, 0, 1, SIGUSR2);
	}
	IN_CHILD {	/* root is nobody special */
		CHECK_OK(prctl(PR_SET_SECUREBITS, SECBIT_NOROOT, 0, 0, 0));
		become(check_self, 0, 0, 0, 0, 0, 1, SIGUSR2);
	}
	IN_CHILD {	/* another user keeps what is ambient */
		CHECK_OK(prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0));
		CHECK_OK(setresgid(1000, 1000, 1000));
		CHECK_OK(setresuid(1000, 1000, 1000));
		CHECK_OK(set((struct caps){0, all, CAP(CAP_CHOWN)}));
		CHECK_OK(ambient(PR_CAP_AMBIENT_RAISE, CAP_CHOWN));
		become(check_self, CAP(CAP_CHOWN), CAP(CAP_CHOWN), CAP(CAP_CHOWN), 1, 0, 1, SIGUSR2);
	}
	IN_CHILD {	/* only the real user is root: permitted, not effective */
		CHECK_OK(setresuid(0, 1000, 1000));
		become(check_self, 0, all, 0, 0, 1, 0, 0);
	}
}

TEST(a_program_that_may_not_be_read)
{
	if (!is_root())
		return;
	check_scratch();
	check_copy_self("hidden", 55, 55, 0711);
	IN_CHILD {
		CHECK_OK(setresgid(1000, 1000, 1000));
		CHECK_OK(setresuid(1000, 1000, 1000));
		become("./hidden", 0, 0, 0, 0, 0, 0, SIGUSR2);
	}
}

/* A process of another group that shares the working folder could lead a set-id program astray. */
TEST(shared_folder_stops_setuid)
{
	static char stack[16384] __attribute__((aligned(16)));
	if (!is_root())
		return;
	check_scratch();
	check_copy_self("setuid", 55, 55, 04755);
	IN_CHILD {
		CHECK_OK(setresgid(1000, 1000, 1000));
		CHECK_OK(setresuid(1000, 1000, 1000));
		pid_t pid = clone((int (*)(void *))(void *)pause, stack + sizeof stack, CLONE_FS | CLONE_VM | SIGCHLD, 0);
		IN_CHILD {
			CHECK_OK(prctl(PR_SET_PDEATHSIG, 0));
			execl("./setuid", "./setuid", "@euid", "55", (char *)0);
		}
		pid_t sharer = (pid_t)RAW(SYS_clone, CLONE_FS | SIGCHLD, 0, 0, 0, 0);
		if (sharer == 0) {
			execl("./setuid", "./setuid", "@euid", "1000", (char *)0);
			_exit(9);
		}
		CHECK_WAIT(sharer, EXITED(0));
		check_reap(pid);
	}
}
HELPER(euid) { return geteuid() == (uid_t)atoi(argv[2]) ? 0 : 1; }

HELPER(policy) { return prctl(PR_MCE_KILL_GET, 0, 0, 0, 0) == atoi(argv[2]) ? 0 : 1; }

TEST(policy_for_damaged_memory)
{
	CHECK_EQ(prctl(PR_MCE_KILL_GET, 0, 0, 0, 0), PR_MCE_KILL_DEFAULT);
	CHECK_ERR(prctl(PR_MCE_KILL_GET, 1, 0, 0, 0), EINVAL);
	CHECK_ERR(prctl(PR_MCE_KILL, PR_MCE_KILL_SET, PR_MCE_KILL_EARLY, 1, 0), EINVAL);
	CHECK_ERR(prctl(PR_MCE_KILL, PR_MCE_KILL_CLEAR, 1, 0, 0), EINVAL);
	CHECK_ERR(prctl(PR_MCE_KILL, 2, 0, 0, 0), EINVAL);
	CHECK_OK(prctl(PR_MCE_KILL, PR_MCE_KILL_SET, PR_MCE_KILL_EARLY, 0, 0));
	CHECK_EQ(prctl(PR_MCE_KILL_GET, 0, 0, 0, 0), PR_MCE_KILL_EARLY);
	pid_t pid = fork();
	if (pid == 0) {	/* it stays over fork and exec */
		execl("/proc/self/exe", check_self, "@policy", "1", NULL);
		_exit(98);
	}
	check_reap(pid);
	CHECK_OK(prctl(PR_MCE_KILL, PR_MCE_KILL_SET, PR_MCE_KILL_LATE, 0, 0));
	CHECK_EQ(prctl(PR_MCE_KILL_GET, 0, 0, 0, 0), PR_MCE_KILL_LATE);
	CHECK_OK(prctl(PR_MCE_KILL, PR_MCE_KILL_CLEAR, 0, 0, 0));
	CHECK_EQ(prctl(PR_MCE_KILL_GET, 0, 0, 0, 0), PR_MCE_KILL_DEFAULT);
	CHECK_ERR(prctl(PR_MCE_KILL, PR_MCE_KILL_SET, 3, 0, 0), EINVAL);	/* and yet a policy of its own, a late one */
	CHECK_EQ(prctl(PR_MCE_KILL_GET, 0, 0, 0, 0), PR_MCE_KILL_LATE);
	CHECK_OK(prctl(PR_MCE_KILL, PR_MCE_KILL_SET, PR_MCE_KILL_DEFAULT, 0, 0));
	CHECK_EQ(prctl(PR_MCE_KILL_GET, 0, 0, 0, 0), PR_MCE_KILL_DEFAULT);
}

TEST(timer_slack)
{
	CHECK_EQ(prctl(PR_GET_TIMERSLACK, 0, 0, 0, 0), 50000);
	CHECK_OK(prctl(PR_SET_TIMERSLACK, 70000, 0, 0, 0));
	IN_CHILD {	/* the current value of who made it is the child's default */
		CHECK_EQ(prctl(PR_GET_TIMERSLACK, 0, 0, 0, 0), 70000);
		CHECK_OK(prctl(PR_SET_TIMERSLACK, 90000, 0, 0, 0));
		CHECK_OK(prctl(PR_SET_TIMERSLACK, 0, 0, 0, 0));
		CHECK_EQ(prctl(PR_GET_TIMERSLACK, 0, 0, 0, 0), 70000);
	}
	CHECK_OK(prctl(PR_SET_TIMERSLACK, 0, 0, 0, 0));
	CHECK_EQ(prctl(PR_GET_TIMERSLACK, 0, 0, 0, 0), 50000);
	/* there is nothing below 0: it is the longest of all, and told as -1 */
	CHECK_OK(prctl(PR_SET_TIMERSLACK, -1, 0, 0, 0));
	CHECK_EQ(prctl(PR_GET_TIMERSLACK, 0, 0, 0, 0), -1);
	CHECK_OK(prctl(PR_SET_TIMERSLACK, 0, 0, 0, 0));
}
