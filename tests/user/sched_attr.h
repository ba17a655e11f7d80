/* sched_attr.h: what sched_setattr(2) and sched_getattr(2) take; the C libraries have no name for it yet. */
#ifndef SCHED_ATTR_H
#define SCHED_ATTR_H
#include <stdint.h>

struct attr {
	uint32_t size, policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime, deadline, period;
	uint32_t util_min, util_max;
};
#endif
