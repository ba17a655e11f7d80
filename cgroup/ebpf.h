/* cgroup/ebpf.h: programs of eBPF that judge the use of a device. See ebpf.c. */
#ifndef CGROUP_EBPF_H
#define CGROUP_EBPF_H
#include "base/atomic.h"
#include "base/list.h"
#include <linux/bpf.h>

#define EBPF_INSNS_MAX 4096

struct ebpf_program {
	refcount_t count;	/* descriptors, attachments */
	struct list node;	/* device.c's list of all, by id */
	u32 id;
	u32 type;		/* BPF_PROG_TYPE_CGROUP_DEVICE; or _SKB, whose r1 points to nothing that it may read: no packets */
	u32 length;
	struct bpf_insn insns[];
};

/* What is known of the registers before an instruction: bits by their number. */
struct ebpf_known { u16 numbers, questions; };

/* 0, -EINVAL (no such instruction, or it does not end) or -EACCES (it looks at what it may not). known: one an instruction. */
int __must_check ebpf_check(const struct ebpf_program *p, struct ebpf_known *known);
u64 ebpf_run(const struct ebpf_program *p, const struct bpf_cgroup_dev_ctx *question);	/* of a checked program: r0 */
#endif
