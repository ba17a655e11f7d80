/* seccomp.h: filters for the tests: what a program says of one call, and nothing of the others. */
#pragma once
#include "check.h"
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>

#define NR_OFFSET offsetof(struct seccomp_data, nr)
#define ARG_OFFSET(n) (offsetof(struct seccomp_data, args) + 8 * (n))

static inline int seccomp_call(unsigned operation, unsigned flags, void *arg)
{
	return (int)syscall(SYS_seccomp, operation, flags, arg);
}

static inline int seccomp_install(struct sock_filter *insns, size_t count, unsigned flags)
{
	struct sock_fprog prog = {.len = (unsigned short)count, .filter = insns};
	return seccomp_call(SECCOMP_SET_MODE_FILTER, flags, &prog);
}
#define SECCOMP_INSTALL(flags, ...)                                          \
	({                                                                   \
		struct sock_filter insns_[] = {__VA_ARGS__};                 \
		seccomp_install(insns_, sizeof insns_ / sizeof *insns_, flags); \
	})

/* All calls are allowed but nr, of which the filter says verdict. */
static inline int seccomp_say(int nr, unsigned verdict, unsigned flags)
{
	return SECCOMP_INSTALL(flags, BPF_STMT(BPF_LD | BPF_W | BPF_ABS, NR_OFFSET),
			       BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)nr, 0, 1), BPF_STMT(BPF_RET | BPF_K, verdict),
			       BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
}

static inline void seccomp_no_new_privs(void) { NEED_OK(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)); }
