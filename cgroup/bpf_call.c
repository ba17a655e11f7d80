/*
 * cgroup/bpf_call.c: bpf(2), for one kind of program: BPF_PROG_TYPE_CGROUP_DEVICE, loaded, attached to control groups,
 * detached and asked for. A program is a descriptor; the groups that it is attached to keep it too. Container tools try with
 * a program about packets (BPF_PROG_TYPE_CGROUP_SKB) what a kernel has: it can be loaded, but not attached: there are none.
 * Locks: those of device.c. Errors: EPERM, EINVAL, EACCES, E2BIG, EBADF, EFAULT, ENOENT, ENOSPC, ENOMEM, EMFILE.
 * Source: bpf(2), linux/bpf.h. Differences from Linux: other kinds of programs, maps and everything else: EINVAL; a program
 * has 4096 instructions at most; no log is written of why one is refused.
 */
#include "cgroup/cgroup.h"
#include "cgroup/device.h"
#include "cgroup/ebpf.h"
#include "fs/internal.h"
#include "mm/slab.h"
#include "mm/user_access.h"
#include "namespace/user.h"
#include "syscall/define.h"
#include "task/task.h"
#include <linux/capability.h>

#define IDS_MAX 256
#define ATTACH_FLAGS (BPF_F_ALLOW_OVERRIDE | BPF_F_ALLOW_MULTI | BPF_F_REPLACE)

/* What comes in a command's struct after its last field must be zero. */
#define MUST_END(attr, last) must_end(attr, offsetof(union bpf_attr, last) + sizeof((attr)->last))

static int must_end(const union bpf_attr *attr, size_t from)
{
	const char *bytes = (const char *)attr;

	while (from < sizeof(*attr)) {
		if (bytes[from++])
			return -EINVAL;
	}
	return 0;
}

/* -- a program as a file ------------------------------------------------------------------------------------------ */
static void program_release(struct file *f) { ebpf_put(f->private); }
static const struct file_ops program_fops = { .seek = still_seek, .release = program_release };

/* Takes over a count of p. A descriptor or -errno. */
static int program_install(struct ebpf_program *p)
{
	struct file *f = file_anon("anon_inode:bpf-prog", FMODE_READ | FMODE_WRITE | FMODE_NONSEEK, O_RDWR, &program_fops, p);

	if (IS_ERR(f)) {
		ebpf_put(p);
		return (int)PTR_ERR(f);
	}
	int fd = fd_install_new(f, O_CLOEXEC);
	if (fd < 0)
		file_put(f);
	return fd;
}

/* A count of the program behind fd, or ERR_PTR: -EBADF, -EINVAL (another kind of file). */
static struct ebpf_program *program_of(u32 fd)
{
	struct file *f = fd_get((int)fd);
	struct ebpf_program *p = ERR_PTR(-EINVAL);

	if (!f)
		return ERR_PTR(-EBADF);
	if (f->ops == &program_fops) {
		p = f->private;
		refcount_inc(&p->count);
	}
	file_put(f);
	return p;
}

static bool may_load(void) { return capable(CAP_BPF) || capable(CAP_SYS_ADMIN); }
static bool may_ask(void) { return capable(CAP_NET_ADMIN) || capable(CAP_SYS_ADMIN); }

/* -- BPF_PROG_LOAD ------------------------------------------------------------------------------------------------ */
static int program_check(const struct ebpf_program *p)
{
	struct ebpf_known *known = kmalloc(p->length * sizeof(*known));

	if (!known)
		return -ENOMEM;
	int err = ebpf_check(p, known);
	kfree(known);
	return err;
}

static int program_load(const union bpf_attr *attr)
{
	char license;

	if (attr->prog_flags || copy_from_user(&license, attr->license, 1))
		return attr->prog_flags ? -EINVAL : -EFAULT;
	if (!attr->insn_cnt || attr->insn_cnt > EBPF_INSNS_MAX)
		return -E2BIG;
	if (attr->prog_type != BPF_PROG_TYPE_CGROUP_DEVICE && attr->prog_type != BPF_PROG_TYPE_CGROUP_SKB)
		return -EINVAL;
	if (!may_ask())
		return -EPERM;
	size_t bytes = attr->insn_cnt * sizeof(struct bpf_insn);
	struct ebpf_program *p = kzalloc(sizeof(*p) + bytes);
	if (!p)
		return -ENOMEM;
	refcount_set(&p->count, 1);
	p->type = attr->prog_type;
	p->length = attr->insn_cnt;
	int err = copy_from_user(p->insns, attr->insns, bytes) ? -EFAULT : program_check(p);
	if (err) {
		kfree(p);
		return err;
	}
	ebpf_publish(p);
	return program_install(p);
}

/* -- attaching ---------------------------------------------------------------------------------------------------- */
/* The group that fd is the directory of: a reference, or ERR_PTR: -EBADF. */
static struct cgroup *group_of(u32 fd)
{
	struct file *f = fd_get((int)fd);
	struct cgroup *c = f ? cgroup_of_directory(f) : NULL;

	if (c)
		cgroup_get(c);
	if (f)
		file_put(f);
	if (!c)
		return ERR_PTR(-EBADF);
	if (!READ_ONCE(c->is_dead))
		return c;
	cgroup_put(c);
	return ERR_PTR(-ENOENT);
}

static int attach_checked(const union bpf_attr *attr, struct ebpf_program *p)
{
	struct ebpf_program *replaced = NULL;
	u32 flags = attr->attach_flags;

	if ((flags & BPF_F_ALLOW_OVERRIDE) && (flags & BPF_F_ALLOW_MULTI))
		return -EINVAL;
	if (flags & BPF_F_REPLACE) {
		if (!(flags & BPF_F_ALLOW_MULTI))
			return -EINVAL;
		replaced = program_of(attr->replace_bpf_fd);
		if (IS_ERR(replaced))
			return PTR_ERR(replaced);
	}
	struct cgroup *c = group_of(attr->target_fd);
	int err = IS_ERR(c) ? (int)PTR_ERR(c) : device_attach(c, p, replaced, flags);
	if (!IS_ERR(c))
		cgroup_put(c);
	ebpf_put(replaced);
	return err;
}

static int program_attach(const union bpf_attr *attr)
{
	if ((attr->attach_flags & ~ATTACH_FLAGS) || attr->attach_type != BPF_CGROUP_DEVICE)
		return -EINVAL;
	struct ebpf_program *p = program_of(attr->attach_bpf_fd);
	if (IS_ERR(p))
		return PTR_ERR(p);
	int err = p->type == BPF_PROG_TYPE_CGROUP_DEVICE ? attach_checked(attr, p) : -EINVAL;
	ebpf_put(p);
	return err;
}

/* A list that holds one at most gives it up whatever program is named. */
static int program_detach(const union bpf_attr *attr)
{
	if (attr->attach_type != BPF_CGROUP_DEVICE)
		return -EINVAL;
	struct cgroup *c = group_of(attr->target_fd);
	if (IS_ERR(c))
		return PTR_ERR(c);
	struct ebpf_program *p = program_of(attr->attach_bpf_fd);
	if (IS_ERR(p))
		p = NULL;
	int err = device_detach(c, p);
	ebpf_put(p);
	cgroup_put(c);
	return err;
}

/* -- asking ------------------------------------------------------------------------------------------------------- */
static int query_answer(const union bpf_attr *attr, uptr user, struct cgroup *c, u32 *ids)
{
	u32 flags, room = MIN(attr->query.prog_cnt, (u32)IDS_MAX);
	u32 n = device_query(c, attr->query.query_flags & BPF_F_QUERY_EFFECTIVE, ids, room, &flags);

	if (copy_to_user(user + offsetof(union bpf_attr, query.attach_flags), &flags, sizeof(flags)) ||
	    copy_to_user(user + offsetof(union bpf_attr, query.prog_cnt), &n, sizeof(n)))
		return -EFAULT;
	if (!room || !attr->query.prog_ids || !n)
		return 0;
	if (copy_to_user(attr->query.prog_ids, ids, MIN(n, room) * sizeof(*ids)))
		return -EFAULT;
	return n > room ? -ENOSPC : 0;
}

static int programs_query(const union bpf_attr *attr, uptr user)
{
	if (!may_ask())
		return -EPERM;
	if ((attr->query.query_flags & ~BPF_F_QUERY_EFFECTIVE) || attr->query.attach_type != BPF_CGROUP_DEVICE)
		return -EINVAL;
	struct cgroup *c = group_of(attr->query.target_fd);
	if (IS_ERR(c))
		return PTR_ERR(c);
	u32 *ids = kzalloc(IDS_MAX * sizeof(*ids));
	int err = ids ? query_answer(attr, user, c, ids) : -ENOMEM;
	kfree(ids);
	cgroup_put(c);
	return err;
}

static int program_by_id(const union bpf_attr *attr)
{
	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	struct ebpf_program *p = ebpf_find(attr->prog_id);
	return p ? program_install(p) : -ENOENT;
}

/* What a program says of itself: its kind and number; the rest of the caller's struct is zero. */
static int program_info(const union bpf_attr *attr, uptr user)
{
	struct bpf_prog_info info = { 0 };
	u32 size = MIN(attr->info.info_len, (u32)sizeof(info));
	struct ebpf_program *p = program_of(attr->info.bpf_fd);

	if (IS_ERR(p))
		return PTR_ERR(p);
	info.type = p->type;
	info.id = p->id;
	info.xlated_prog_len = p->length * (u32)sizeof(struct bpf_insn);
	ebpf_put(p);
	if (copy_to_user(attr->info.info, &info, size) ||
	    copy_to_user(user + offsetof(union bpf_attr, info.info_len), &size, sizeof(size)))
		return -EFAULT;
	return 0;
}

long sys_bpf(int cmd, uptr user, unsigned size)
{
	union bpf_attr attr;

	if (!may_load())
		return -EPERM;
	int err = size > PAGE_SIZE ? -E2BIG : copy_struct_from_user(&attr, sizeof(attr), user, size);
	if (err)
		return err;
	switch (cmd) {
	case BPF_PROG_LOAD:
		return program_load(&attr);
	case BPF_PROG_ATTACH:
		return MUST_END(&attr, replace_bpf_fd) ?: program_attach(&attr);
	case BPF_PROG_DETACH:
		return MUST_END(&attr, attach_type) ?: program_detach(&attr);
	case BPF_PROG_QUERY:
		return programs_query(&attr, user);
	case BPF_PROG_GET_FD_BY_ID:
		return MUST_END(&attr, prog_id) ?: program_by_id(&attr);
	case BPF_OBJ_GET_INFO_BY_FD:
		return MUST_END(&attr, info.info) ?: program_info(&attr, user);
	}
	return -EINVAL;
}
