/* ops_cred.c: operations on users, groups, capabilities, and what they allow. */
#include "differ.h"
#include <errno.h>
#include <linux/capability.h>
#include <linux/securebits.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

static int draw_id(void)
{
	static const int ids[] = {0, 0, NOBODY, NOBODY, 1001, -1, -1};
	return PICK(ids);
}

OP(CRED, 14, set_ids)
{
	static const struct { const char *name; long number; int count; } calls[] = {{"setuid", SYS_setuid, 1}, {"setgid", SYS_setgid, 1},
		{"setreuid", SYS_setreuid, 2}, {"setregid", SYS_setregid, 2}, {"setresuid", SYS_setresuid, 3},
		{"setresgid", SYS_setresgid, 3}, {"setfsuid", SYS_setfsuid, 1}, {"setfsgid", SYS_setfsgid, 1}};
	int c = (int)draw(COUNT(calls)), a = draw_id(), b = draw_id(), d = draw_id();
	say("%s(%d, %d, %d)", calls[c].name, a, calls[c].count > 1 ? b : 0, calls[c].count > 2 ? d : 0);
	said(sys(calls[c].number, a, b, d));
}

OP(CRED, 3, groups)
{
	int list[] = {draw_id(), 5, 3}, got[8] = {0};
	long n = (long)draw(4);
	say("setgroups(%ld, %d)", n, list[0]);
	said(sys(SYS_setgroups, n, list));
	long r = sys(SYS_getgroups, 8, got);
	said(r);
	say(" %d %d %d", got[0], got[1], got[2]);
}

static uint64_t draw_caps(void)
{
	static const uint64_t sets[] = {0, ~0ul & 0x1ffffffffff, 1ul << CAP_KILL, 1ul << CAP_SETUID | 1ul << CAP_SETGID, 1ul << CAP_SETPCAP,
		1ul << CAP_SYS_PTRACE, 0x1ffffffffff & ~(1ul << CAP_SYS_ADMIN)};
	return PICK(sets);
}

OP(CRED, 10, caps)
{
	struct __user_cap_header_struct head = {_LINUX_CAPABILITY_VERSION_3, 0};
	struct __user_cap_data_struct data[2];
	uint64_t e = draw_caps(), p = draw_caps(), i = draw_caps();
	bool within = chance(70);
	int other = chance(10) ? any_agent() : -1;
	memset(data, 0, sizeof data);
	sys(SYS_capget, &head, data);
	if (within) {
		uint64_t now = data[0].permitted | (uint64_t)data[1].permitted << 32;
		p &= now;
		e &= p;
		i &= now;
	}
	data[0] = (struct __user_cap_data_struct){(uint32_t)e, (uint32_t)p, (uint32_t)i};
	data[1] = (struct __user_cap_data_struct){(uint32_t)(e >> 32), (uint32_t)(p >> 32), (uint32_t)(i >> 32)};
	if (other >= 0)
		head.pid = (int)pid_of(other);
	say("capset(%d, %lx %lx %lx)", other, e, p, i);
	said(sys(SYS_capset, &head, data));
}

OP(CRED, 8, cap_prctl)
{
	static const int caps[] = {CAP_KILL, CAP_SETUID, CAP_SETPCAP, CAP_SYS_ADMIN, 40, 41, CAP_SYS_PTRACE};
	static const int bits[] = {0, SECBIT_NOROOT, SECBIT_NO_SETUID_FIXUP, SECBIT_KEEP_CAPS, SECBIT_NO_CAP_AMBIENT_RAISE,
		SECBIT_NOROOT_LOCKED, 0x100, SECBIT_KEEP_CAPS_LOCKED | SECBIT_KEEP_CAPS};
	int cap = PICK(caps), bit = PICK(bits) | PICK(bits), what = (int)draw(7);
	say("cap_prctl(%d, %d, %x)", what, cap, bit);
	switch (what) {
	case 0: return said(sys(SYS_prctl, PR_CAPBSET_DROP, cap, 0, 0, 0));
	case 1: return said(sys(SYS_prctl, PR_CAPBSET_READ, cap, 0, 0, 0));
	case 2: return said(sys(SYS_prctl, PR_SET_SECUREBITS, bit, 0, 0, 0));
	case 3: return said(sys(SYS_prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, cap, 0, 0));
	case 4: return said(sys(SYS_prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_LOWER, cap, 0, 0));
	case 5: return said(sys(SYS_prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0));
	default: return said(sys(SYS_prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, cap, 0, 0));
	}
}

OP(CRED, 3, umask)
{
	int mask = (int)draw(512);
	say("umask(%o) = %lo", mask, sys(SYS_umask, mask));
}
