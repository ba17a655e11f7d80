/*
 * net/scm.c: what is sent beside the bytes: open files (SCM_RIGHTS) and the sender's ids (SCM_CREDENTIALS).
 * Files on their way are references; their number is counted for the sender's user and limited by RLIMIT_NOFILE
 * (ETOOMANYREFS), unless he has CAP_SYS_RESOURCE or CAP_SYS_ADMIN.
 * Locks: none. Errors: see socket.h. Source: unix(7), cmsg(3).
 */
#include "net/socket.h"
#include "base/errno.h"
#include "base/string.h"
#include "fs/vfs.h"
#include "mm/slab.h"
#include "mm/user_access.h"
#include "namespace/user.h"
#include "pid/pid.h"
#include "task/cred.h"
#include "task/task.h"
#include <linux/capability.h>
#include <linux/fcntl.h>
#include <linux/resource.h>

struct cmsg { size_t size; s32 level, type; };
#define CMSG_ROUND(n) ALIGN_UP((size_t)(n), sizeof(size_t))
#define FILES_BYTES(n) (sizeof(struct scm_files) + (n) * sizeof(struct file *))

/* -- files -- */
static void files_free(struct scm_files *f)
{
	if (!f)
		return;
	scm_files_uncharge(f);
	for (u32 n = 0; n < f->n; n++)
		file_put(f->files[n]);
	kfree(f);
}

void scm_files_uncharge(struct scm_files *f)
{
	if (!f->account)
		return;
	atomic_sub(&f->account->files_in_flight, (int)f->n);
	account_put(f->account);
	f->account = NULL;
}

static int files_charge(struct scm_files *f)
{
	struct user_account *a = current_cred()->account;

	if ((u64)atomic_read(&a->files_in_flight) > current_limit(RLIMIT_NOFILE) &&
	    !capable(CAP_SYS_RESOURCE) && !capable(CAP_SYS_ADMIN))
		return -ETOOMANYREFS;
	refcount_inc(&a->count);
	f->account = a;
	atomic_add(&a->files_in_flight, (int)f->n);
	return 0;
}

struct scm_files *scm_files_copy(const struct scm_files *from)
{
	struct scm_files *f = kmalloc(FILES_BYTES(from->n));

	if (!f)
		return NULL;
	f->n = from->n;
	f->account = NULL;
	f->is_in_queue = false;
	for (u32 n = 0; n < f->n; n++)
		f->files[n] = file_get(from->files[n]);
	return f;
}

static int add_files(struct scm *s, uptr data, size_t bytes)
{
	u32 count = (u32)(bytes / sizeof(int));
	struct scm_files *f = s->files;

	if (!count)
		return 0;
	if (count > SCM_FILES_MAX || (f && f->n + count > SCM_FILES_MAX))
		return -EINVAL;
	if (!f) {
		s->files = f = kzalloc(FILES_BYTES(SCM_FILES_MAX));
		if (!f)
			return -ENOMEM;
	}
	for (u32 n = 0; n < count; n++) {
		u32 fd;
		if (get_user_u32(&fd, data + n * sizeof(int)))
			return -EFAULT;
		struct file *file = fd_get_raw((int)fd);
		if (!file)
			return -EBADF;
		f->files[f->n++] = file;
	}
	return 0;
}

/* -- credentials -- */
/* Makes the ids the kernel's. */
static int take_ids(struct ucred *u)
{
	const struct cred *c = current_cred();

	u->uid = uid_named(u->uid);
	u->gid = gid_named(u->gid);
	if (u->uid == ID_NONE || u->gid == ID_NONE)
		return -EINVAL;
	if (u->pid != task_tgid_seen(current) && !ns_capable(current_pid_ns()->ns.owner, CAP_SYS_ADMIN))
		return -EPERM;
	if (u->uid != c->uid && u->uid != c->euid && u->uid != c->suid && !ns_capable(c->user_ns, CAP_SETUID))
		return -EPERM;
	if (u->gid != c->gid && u->gid != c->egid && u->gid != c->sgid && !ns_capable(c->user_ns, CAP_SETGID))
		return -EPERM;
	return 0;
}

static int set_creds(struct scm *s, uptr data, size_t bytes)
{
	struct ucred u;

	if (bytes != sizeof(u))
		return -EINVAL;
	if (copy_from_user(&u, data, sizeof(u)))
		return -EFAULT;
	int err = take_ids(&u);
	if (err)
		return err;
	struct pid *pid = pid_find(u.pid, current_pid_ns());
	if (!pid)
		return -ESRCH;
	pid_put(s->pid);
	s->pid = pid;
	s->uid = u.uid;
	s->gid = u.gid;
	s->has_creds = true;
	return 0;
}

void scm_set_current(struct scm *s)
{
	s->pid = current_process_name();
	s->uid = current_cred()->uid;
	s->gid = current_cred()->gid;
	s->has_creds = true;
}

bool scm_is_same_sender(const struct scm *a, const struct scm *b)
{
	return a->has_creds == b->has_creds && a->pid == b->pid && a->uid == b->uid && a->gid == b->gid;
}

void scm_copy_creds(struct scm *to, const struct scm *from)
{
	to->pid = pid_get(from->pid);
	to->uid = from->uid;
	to->gid = from->gid;
	to->has_creds = from->has_creds;
}

void scm_drop(struct scm *s)
{
	files_free(s->files);
	pid_put(s->pid);
	*s = (struct scm){ 0 };
}

/* -- from user memory -- */
static int read_one(struct scm *s, uptr at, const struct cmsg *c)
{
	uptr data = at + CMSG_ROUND(sizeof(*c));
	size_t bytes = c->size - sizeof(*c);

	if (c->level != SOL_SOCKET)
		return 0;
	switch (c->type) {
	case SCM_RIGHTS:
		return add_files(s, data, bytes);
	case SCM_CREDENTIALS:
		return set_creds(s, data, bytes);
	}
	return -EINVAL;
}

int scm_from_user(struct scm *s, uptr control, size_t size)
{
	size_t at = 0;
	int err = 0;

	while (!err && size - at >= sizeof(struct cmsg)) {
		struct cmsg c;
		if (copy_from_user(&c, control + at, sizeof(c)))
			return -EFAULT;
		if (c.size < sizeof(c) || c.size > size - at)
			return -EINVAL;
		err = read_one(s, control + at, &c);
		at += MIN(CMSG_ROUND(c.size), size - at);
	}
	if (!err && s->files)
		err = files_charge(s->files);
	return err;
}

/* -- to user memory -- */
struct cmsg_out { uptr at; size_t left; unsigned *flags; };

static void put_one(struct cmsg_out *o, int type, const void *data, size_t bytes)
{
	struct cmsg c = { sizeof(c) + bytes, SOL_SOCKET, type };

	if (o->left < sizeof(c)) {
		*o->flags |= MSG_CTRUNC;
		return;
	}
	if (o->left < c.size) {
		*o->flags |= MSG_CTRUNC;
		c.size = o->left;
	}
	if (copy_to_user(o->at, &c, sizeof(c)) || copy_to_user(o->at + sizeof(c), data, c.size - sizeof(c)))
		return;
	size_t step = MIN(CMSG_ROUND(c.size), o->left);
	o->at += step;
	o->left -= step;
}

static void put_creds(struct cmsg_out *o, const struct scm *s)
{
	struct ucred u = { 0, ID_OVERFLOW, ID_OVERFLOW };

	if (s->has_creds)
		u = (struct ucred){ s->pid ? pid_number_in(s->pid, current_pid_ns()) : 0,
				    uid_shown(s->uid), gid_shown(s->gid) };
	put_one(o, SCM_CREDENTIALS, &u, sizeof(u));
}

/* A descriptor for f, its number already in user memory. False: no more. */
static bool give_file(struct file *f, uptr to, bool cloexec)
{
	int fd = fd_reserve(cloexec ? O_CLOEXEC : 0);

	if (fd < 0)
		return false;
	if (put_user_u32((u32)fd, to)) {
		fd_unreserve(fd);
		return false;
	}
	fd_install(fd, file_get(f));
	return true;
}

static void put_files(struct cmsg_out *o, const struct scm_files *f, bool cloexec)
{
	struct cmsg c = { 0, SOL_SOCKET, SCM_RIGHTS };
	size_t fits = o->left > sizeof(c) ? (o->left - sizeof(c)) / sizeof(int) : 0;
	u32 n = 0;

	while (n < f->n && n < fits && give_file(f->files[n], o->at + sizeof(c) + n * sizeof(int), cloexec))
		n++;
	if (n < f->n)
		*o->flags |= MSG_CTRUNC;
	c.size = sizeof(c) + n * sizeof(int);
	if (!n || copy_to_user(o->at, &c, sizeof(c)))
		return;
	size_t step = MIN(CMSG_ROUND(c.size), o->left);
	o->at += step;
	o->left -= step;
}

void scm_to_user(struct socket_io *io, uptr control, size_t *size, bool wants_creds)
{
	struct cmsg_out o = { control, control ? *size : 0, &io->out_flags };

	if (wants_creds)
		put_creds(&o, &io->scm);
	if (io->scm.files)
		put_files(&o, io->scm.files, io->flags & MSG_CMSG_CLOEXEC);
	*size = control ? o.at - control : 0;
}
