/* namespace/time_ns.h: clocks that are ahead or behind, for a world of processes; see time_ns.c. */
#ifndef NAMESPACE_TIME_NS_H
#define NAMESPACE_TIME_NS_H
#include "namespace/namespace.h"
#include "task/task.h"
struct time_ns {
	struct ns ns;
	s64 monotonic_ns, boottime_ns;	/* what its clocks are ahead of the kernel's. offsets_lock until frozen */
	bool is_frozen;			/* somebody is in it: they change no more */
};
extern struct time_ns first_time_ns;
u64 time_ns_show(int clock, u64 ns);
u64 time_ns_take(int clock, u64 ns);
static inline bool time_is_first(void) { return likely(current->ns->of[NS_TIME] == &first_time_ns.ns); }
/* The kernel's time on a clock as current sees it, and a time that current means as the kernel's: at least 1 (long ago). */
static inline u64 clock_shown_ns(int clock, u64 ns) { return time_is_first() ? ns : time_ns_show(clock, ns); }
static inline u64 clock_meant_ns(int clock, u64 ns) { return time_is_first() ? ns : time_ns_take(clock, ns); }
/* clone: child->ns is set; the child goes into the namespace that is meant for children, if that is another. 0 or -ENOMEM. */
int __must_check time_ns_fork(struct task *child);
/* /proc/PID/timens_offsets: of ns's clocks. write: 0, -EPERM (the opener has no CAP_SYS_TIME), -ERANGE, -EACCES (too late). */
struct timens_offset { int clock; s64 seconds; u64 ns; };
int __must_check time_ns_set_offsets(struct time_ns *ns, const struct cred *opener, const struct timens_offset *o, int n);
static inline struct time_ns *time_ns_from(struct ns *ns) { return container_of(ns, struct time_ns, ns); }
#endif
