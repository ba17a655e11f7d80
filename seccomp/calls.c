/*
 * seccomp/calls.c: seccomp(2) and prctl(2)'s PR_SET_SECCOMP.
 * Errors: EINVAL (operation, flags, mode), EFAULT, EACCES, EOPNOTSUPP, and those of filter.c and a new descriptor.
 * Source: seccomp(2).
 */
#include "seccomp/internal.h"
#include "arch/arch.h"
#include "base/errno.h"
#include "fs/vfs.h"
#include "mm/user_access.h"
#include "syscall/define.h"
#include <linux/fcntl.h>
#include <linux/seccomp.h>

#define FLAGS_KNOWN (SECCOMP_FILTER_FLAG_TSYNC | SECCOMP_FILTER_FLAG_LOG | SECCOMP_FILTER_FLAG_SPEC_ALLOW | \
	SECCOMP_FILTER_FLAG_NEW_LISTENER | SECCOMP_FILTER_FLAG_TSYNC_ESRCH | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV)

static bool flags_are_good(unsigned flags)
{
	bool has_listener = flags & SECCOMP_FILTER_FLAG_NEW_LISTENER;

	if (flags & ~FLAGS_KNOWN)
		return false;
	/* a result above 0 is a thread's number or a descriptor, not both */
	if ((flags & SECCOMP_FILTER_FLAG_TSYNC) && has_listener && !(flags & SECCOMP_FILTER_FLAG_TSYNC_ESRCH))
		return false;
	return has_listener || !(flags & SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV);
}

/* f is the caller's to put if it is not attached. The descriptor's number is kept free before anything changes. */
static long attach_with_listener(struct seccomp_filter *f, unsigned flags)
{
	struct file *file;
	int fd = fd_reserve(O_CLOEXEC);
	long result;

	if (fd < 0)
		return fd;
	file = listener_new(f);
	if (IS_ERR(file)) {
		fd_unreserve(fd);
		return PTR_ERR(file);
	}
	f->has_listener = true;
	result = filter_attach(f, flags);
	if (result) {
		fd_unreserve(fd);
		file_put(file);
		return result;
	}
	fd_install(fd, file);
	return fd;
}

static long set_filter(unsigned flags, uptr program)
{
	struct seccomp_filter *f;
	long result;

	if (!flags_are_good(flags))
		return -EINVAL;
	f = filter_new(program);
	if (IS_ERR(f))
		return PTR_ERR(f);
	if (flags & SECCOMP_FILTER_FLAG_NEW_LISTENER) {
		result = attach_with_listener(f, flags);
		if (result < 0)
			filter_put(f);
	} else {
		result = filter_attach(f, flags);
		if (result)
			filter_put(f);
	}
	return result;
}

static long action_is_available(uptr arg)
{
	u32 action;

	if (get_user_u32(&action, arg))
		return -EFAULT;
	return action_is_known(action) ? 0 : -EOPNOTSUPP;
}

static long notification_sizes(uptr arg)
{
	static const struct seccomp_notif_sizes sizes = {
		.seccomp_notif = sizeof(struct seccomp_notif),
		.seccomp_notif_resp = sizeof(struct seccomp_notif_resp),
		.seccomp_data = sizeof(struct seccomp_data),
	};
	return copy_to_user(arg, &sizes, sizeof(sizes));
}

long sys_seccomp(unsigned operation, unsigned flags, uptr arg)
{
	switch (operation) {
	case SECCOMP_SET_MODE_STRICT:
		return flags || arg ? -EINVAL : seccomp_set_strict();
	case SECCOMP_SET_MODE_FILTER:
		return set_filter(flags, arg);
	case SECCOMP_GET_ACTION_AVAIL:
		return flags ? -EINVAL : action_is_available(arg);
	case SECCOMP_GET_NOTIF_SIZES:
		return flags ? -EINVAL : notification_sizes(arg);
	default:
		return -EINVAL;
	}
}

long seccomp_prctl_set(unsigned long mode, uptr filter)
{
	switch (mode) {
	case SECCOMP_MODE_STRICT:
		return seccomp_set_strict();
	case SECCOMP_MODE_FILTER:
		return set_filter(0, filter);
	default:
		return -EINVAL;
	}
}
