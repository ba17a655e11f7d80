/* namespace/nsfs.h: namespaces as files; see nsfs.c. */
#ifndef NAMESPACE_NSFS_H
#define NAMESPACE_NSFS_H
#include "namespace/namespace.h"
struct file;
struct path;
/* The link of this name in /proc/PID/ns: what it shows of t. A reference; NULL: nothing any more, or not yet. */
struct ns *nsfs_link_get(const char *name, struct task *t);
bool nsfs_link_is_offered(const char *name);
/* A place that stands for ns, whose reference it takes over. 0 or -ENOMEM. */
int __must_check nsfs_path(struct ns *ns, struct path *out);
struct ns *nsfs_of_file(const struct file *f);	/* borrowed from the open file; NULL: it is of another kind */
struct inode;
bool inode_is_nsfs(const struct inode *i);
#endif
