/* seccomp/bpf.h: classic BPF programs over struct seccomp_data. See bpf.c. */
#ifndef SECCOMP_BPF_H
#define SECCOMP_BPF_H
#include "base/types.h"
#include <linux/filter.h>

struct bpf_program { u32 length; struct sock_filter insns[]; };

/* 0, or -EINVAL: it would not end, leave its bounds, or do what seccomp does not offer. known: room for p->length words. */
int __must_check bpf_check(const struct bpf_program *p, u16 *known);
/* A checked program's verdict on the words of a struct seccomp_data. */
u32 bpf_run(const struct bpf_program *p, const u32 *data);
#endif
