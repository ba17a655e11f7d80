/* namespace/pid_ns.h: what pid namespaces do besides naming (pid/pid.h); see pid_ns.c. */
#ifndef NAMESPACE_PID_NS_H
#define NAMESPACE_PID_NS_H
#include "pid/pid.h"
/* current, the last thread of ns's process 1, dies: everybody in ns dies first. Sleeps until they are gone. */
void pid_ns_end(struct pid_ns *ns);
/* reboot(2) inside ns, not the first: its process 1 dies of what cmd stands for, and the caller with it. -EINVAL. */
long pid_ns_reboot(struct pid_ns *ns, unsigned cmd);
/* The /proc/sys file of the number given last: sets it; the next is one more. -EPERM. */
int __must_check pid_ns_set_last(struct pid_ns *ns, int last);
#endif
