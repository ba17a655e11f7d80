/* arch/host/regs.h: user registers: the unit tests run no user code, so only the arch-neutral view is here. */
#ifndef HOST_REGS_H
#define HOST_REGS_H
#include "base/types.h"

struct regs {
	uptr ip, sp;
	long syscall, result;
	u64 args[6];
	bool is_user;
};
static inline uptr regs_ip(const struct regs *r) { return r->ip; }
static inline uptr regs_sp(const struct regs *r) { return r->sp; }
static inline void regs_set_ip(struct regs *r, uptr ip) { r->ip = ip; }
static inline void regs_set_sp(struct regs *r, uptr sp) { r->sp = sp; }
static inline bool regs_is_user(const struct regs *r) { return r->is_user; }
static inline long regs_syscall(const struct regs *r) { return r->syscall; }
static inline void regs_set_syscall(struct regs *r, long nr) { r->syscall = nr; }
static inline long regs_result(const struct regs *r) { return r->result; }
static inline void regs_set_result(struct regs *r, long v) { r->result = v; }
static inline u64 regs_arg(const struct regs *r, int i) { return r->args[i]; }
static inline void regs_restart(struct regs *r) { r->result = r->syscall; }
#endif
