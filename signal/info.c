/*
 * signal/info.c: a siginfo between the kernel's form (struct signal_info: the part that means something) and the user's, which
 * is larger and zero behind it. Locks: none; user memory may fault.
 * Errors: -EFAULT; -E2BIG: bytes behind the part we keep, with a code that nobody knows the fields of.
 * Source: sigaction(2), rt_sigqueueinfo(2), <asm-generic/siginfo.h>; Linux 6.1's behaviour.
 */
#include "signal/internal.h"
#include "base/errno.h"
#include "base/string.h"
#include "mm/user_access.h"

#define REST_BYTES (sizeof(siginfo_t) - sizeof(struct signal_info))

void signal_info_expand(siginfo_t *to, const struct signal_info *info)
{
	memset(to, 0, sizeof(*to));
	memcpy(to, info, sizeof(*info));
}

int signal_info_to_user(uptr to, const struct signal_info *info)
{
	int err = copy_to_user(to, info, sizeof(*info));

	return err ? err : clear_user(to + sizeof(*info), REST_BYTES);
}

/* The highest code that the kernel gives with a signal of its own. */
static int last_code_of(int sig)
{
	switch (sig) {
	case SIGILL: return NSIGILL;
	case SIGFPE: return NSIGFPE;
	case SIGSEGV: return NSIGSEGV;
	case SIGBUS: return NSIGBUS;
	case SIGTRAP: return NSIGTRAP;
	case SIGCHLD: return NSIGCHLD;
	case SIGSYS: return NSIGSYS;
	default: return NSIGPOLL;
	}
}

static bool are_fields_known(int sig, int code)
{
	if (code == SI_KERNEL)
		return true;
	return code > SI_USER ? code <= last_code_of(sig) : code >= SI_DETHREAD || code == SI_ASYNCNL;
}

int signal_info_from_user(struct signal_info *info, uptr from, int sig)
{
	u8 rest[REST_BYTES];

	if (copy_from_user(info, from, sizeof(*info)))
		return -EFAULT;
	if (sig)
		info->si_signo = sig;
	if (are_fields_known(info->si_signo, info->si_code))
		return 0;
	if (copy_from_user(rest, from + sizeof(*info), sizeof(rest)))
		return -EFAULT;
	for (size_t i = 0; i < sizeof(rest); i++)
		if (rest[i])
			return -E2BIG;
	return 0;
}
