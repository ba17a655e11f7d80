/* namespace/cgroup_ns.h: which group a task takes for the root of the tree; see cgroup_ns.c. */
#ifndef NAMESPACE_CGROUP_NS_H
#define NAMESPACE_CGROUP_NS_H
#include "namespace/namespace.h"
struct cgroup;
struct cgroup_ns {
	struct ns ns;
	struct cgroup *root;		/* reference */
};
extern struct cgroup_ns first_cgroup_ns;
struct cgroup_ns *current_cgroup_ns(void);	/* borrowed from current's set */
#endif
