/*
 * net/unix_name.c: names of AF_UNIX sockets: paths (a socket inode leads to its socket), abstract names (a hash), and
 * names made on demand. A name once given stays until the socket is closed; the path stays behind, as on Linux.
 * Locks: unix_lock for the hash and inode->socket; path walks without it.
 * Errors: EINVAL, EADDRINUSE, ECONNREFUSED, EPROTOTYPE, ENOMEM, ENOSPC (no free name) and those of the walk.
 * Source: unix(7).
 */
#include "net/unix.h"
#include "net/netlink.h"
#include "base/errno.h"
#include "base/printk.h"
#include "base/string.h"
#include "mm/slab.h"
#include <linux/fcntl.h>
#include <linux/stat.h>

#define BUCKETS 64
#define AUTO_NAMES 0x100000u
#define AUTO_SIZE (NAME_PATH_AT + 6)	/* a NUL and five digits */

SLAB_CACHE(unix_address_cache, struct unix_address);
static struct unix_socket *abstract[BUCKETS];	/* unix_lock */
static u32 last_auto;				/* unix_lock */

static bool is_path(const struct socket_name *n) { return n->un.sun_path[0] != 0; }

int unix_name_check(struct socket_name *n)
{
	if (n->size <= NAME_PATH_AT || n->size > sizeof(n->un) || n->family != AF_UNIX)
		return -EINVAL;
	n->bytes[n->size] = 0;
	if (is_path(n))
		n->size = (u32)(NAME_PATH_AT + strlen(n->bytes + NAME_PATH_AT) + 1);
	return 0;
}

static struct unix_address *address_new(const struct socket_name *n)
{
	struct unix_address *a = slab_zalloc(&unix_address_cache);

	if (!a)
		return NULL;
	refcount_set(&a->count, 1);
	a->name = *n;
	return a;
}

void unix_address_put(struct unix_address *a)
{
	if (a && refcount_dec(&a->count))
		slab_free(&unix_address_cache, a);
}

void unix_name_of(const struct unix_socket *s, struct socket_name *out)
{
	const struct unix_address *a = unix_address_of(s);

	if (s->is_netlink)
		netlink_kernel_name(out);	/* its datagrams are the kernel's */
	else if (a)
		*out = a->name;
	else
		out->size = 0;
}

/* -- abstract names -- */
static struct unix_socket **bucket_of(const struct socket_name *n)
{
	u32 hash = 2166136261u;

	for (u32 i = NAME_PATH_AT; i < n->size; i++)
		hash = (hash ^ (u8)n->bytes[i]) * 16777619u;
	return &abstract[(hash ^ hash >> 16) % BUCKETS];
}

static struct unix_socket *abstract_find_locked(const struct socket_name *n, int type, const struct net_ns *net)
{
	struct unix_socket *s = *bucket_of(n);

	while (s && (s->type != type || s->net != net || s->address->name.size != n->size ||
		     memcmp(s->address->name.bytes, n->bytes, n->size)))
		s = s->next_named;
	return s;
}

static void abstract_add_locked(struct unix_socket *s, struct unix_address *a)
{
	struct unix_socket **bucket = bucket_of(&a->name);

	s->is_abstract = true;
	s->next_named = *bucket;
	*bucket = s;
	__atomic_store_n(&s->address, a, __ATOMIC_RELEASE);
}

static int bind_abstract(struct unix_socket *s, const struct socket_name *n)
{
	struct unix_address *a = address_new(n);
	int err = 0;

	if (!a)
		return -ENOMEM;
	unix_lock_all();
	if (s->address)
		err = -EINVAL;
	else if (abstract_find_locked(n, s->type, s->net))
		err = -EADDRINUSE;
	else
		abstract_add_locked(s, a);
	unix_unlock_all();
	if (err)
		unix_address_put(a);
	return err;
}

int unix_bind_auto(struct unix_socket *s)
{
	struct socket_name n = { .size = AUTO_SIZE, .family = AF_UNIX };

	if (READ_ONCE(s->address))
		return 0;
	for (u32 tries = 0; tries < AUTO_NAMES; tries++) {
		unix_lock_all();
		u32 number = ++last_auto % AUTO_NAMES;
		unix_unlock_all();
		snprintf(n.un.sun_path + 1, 6, "%05x", number);
		int err = bind_abstract(s, &n);
		if (err != -EADDRINUSE)
			return err == -EINVAL ? 0 : err;	/* another thread gave it a name meanwhile */
	}
	return -ENOSPC;
}

/* -- paths -- */
/* The socket inode just made at n: it must be ours still. */
static int attach_path(struct unix_socket *s, struct unix_address *a)
{
	struct path p;
	int err = path_lookup(AT_FDCWD, a->name.un.sun_path, 0, &p);

	if (err)
		return err;
	struct inode *i = p.dentry->inode;
	unix_lock_all();
	if (s->address)
		err = -EINVAL;
	else if (!S_ISSOCK(i->mode) || i->socket)
		err = -EADDRINUSE;
	if (!err) {
		__atomic_store_n(&s->address, a, __ATOMIC_RELEASE);
		s->path = p;
		i->socket = s;
	}
	unix_unlock_all();
	if (err)
		path_put(&p);
	return err;
}

/* The name is as open as the socket, whose mode fchmod may have changed. */
static u32 mode_of(const struct unix_socket *s)
{
	unix_lock_all();
	u32 mode = READ_ONCE(s->file->inode->mode);
	unix_unlock_all();
	return S_IFSOCK | (mode & 07777);
}

static int bind_path(struct unix_socket *s, const struct socket_name *n)
{
	struct unix_address *a = address_new(n);

	if (!a)
		return -ENOMEM;
	int err = vfs_mknod(AT_FDCWD, a->name.un.sun_path, mode_of(s), 0);
	if (err == -EEXIST)
		err = -EADDRINUSE;
	if (!err) {
		err = READ_ONCE(s->address) ? -EINVAL : attach_path(s, a);
		if (err && err != -EADDRINUSE)	/* then it is no longer ours */
			(void)vfs_unlink(AT_FDCWD, a->name.un.sun_path);
	}
	if (err)
		unix_address_put(a);
	return err;
}

int unix_bind(struct unix_socket *s, struct socket_name *n)
{
	if (n->size == NAME_PATH_AT && n->family == AF_UNIX)
		return READ_ONCE(s->address) ? -EINVAL : unix_bind_auto(s);
	int err = unix_name_check(n);
	if (err)
		return err;
	return is_path(n) ? bind_path(s, n) : bind_abstract(s, n);
}

void unix_name_forget_locked(struct unix_socket *s)
{
	if (s->path.dentry)
		s->path.dentry->inode->socket = NULL;
	if (!s->is_abstract)
		return;
	struct unix_socket **link = bucket_of(&s->address->name);
	while (*link != s)
		link = &(*link)->next_named;
	*link = s->next_named;
	s->is_abstract = false;
}

/* -- finding -- */
static struct unix_socket *find_path(const struct socket_name *n, int type)
{
	struct path p;
	int err = path_lookup(AT_FDCWD, n->un.sun_path, LOOKUP_FOLLOW, &p);

	if (err)
		return ERR_PTR(err);
	struct inode *i = p.dentry->inode;
	struct unix_socket *s = NULL;
	err = inode_permission(i, MAY_WRITE);
	if (!err) {
		unix_lock_all();
		s = S_ISSOCK(i->mode) ? i->socket : NULL;
		err = !s ? -ECONNREFUSED : s->type != type ? -EPROTOTYPE : 0;
		if (!err)
			unix_get(s);
		unix_unlock_all();
	}
	path_put(&p);
	return err ? ERR_PTR(err) : s;
}

struct unix_socket *unix_find(const struct socket_name *n, const struct unix_socket *s)
{
	if (is_path(n))
		return find_path(n, s->type);
	unix_lock_all();
	struct unix_socket *found = abstract_find_locked(n, s->type, s->net);
	if (found)
		unix_get(found);
	unix_unlock_all();
	return found ? found : ERR_PTR(-ECONNREFUSED);
}
