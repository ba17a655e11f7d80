/* cgroup/device.h: which devices the tasks of a group may use. See device.c. */
#ifndef CGROUP_DEVICE_H
#define CGROUP_DEVICE_H
#include "base/atomic.h"
#include "base/types.h"
#include <linux/bpf.h>

struct cgroup;
struct ebpf_program;

#define DEVICE_PROGRAMS_MAX 64		/* in one group */
extern atomic_t device_programs_attached;

int device_judge(u32 mode, u64 rdev, unsigned access);	/* what device_may asks once a program is attached somewhere */
/* May current use the device (S_IFCHR or S_IFBLK in mode) for access (BPF_DEVCG_ACC_*): 0 or -EPERM. */
static inline int device_may(u32 mode, u64 rdev, unsigned access)
{
	return unlikely(atomic_read(&device_programs_attached)) ? device_judge(mode, rdev, access) : 0;
}
/* p into c's list, or replaced's place there; takes a count of its own. -EPERM, -EINVAL, -ENOENT, -E2BIG, -ENOMEM. */
int __must_check device_attach(struct cgroup *c, struct ebpf_program *p, struct ebpf_program *replaced, u32 flags);
int __must_check device_detach(struct cgroup *c, const struct ebpf_program *p);	/* p NULL: the only one. -ENOENT, -EINVAL */
/* The ids of c's programs, with is_effective of all that judge its tasks: how many; the first max of them are in ids. */
u32 device_query(struct cgroup *c, bool is_effective, u32 *ids, u32 max, u32 *flags);
void device_forget(struct cgroup *c);			/* nobody has c any more */

/* Programs by number. */
void ebpf_publish(struct ebpf_program *p);		/* gives it an id */
struct ebpf_program *ebpf_find(u32 id);			/* a count, or NULL */
void ebpf_put(struct ebpf_program *p);			/* NULL accepted */
#endif
