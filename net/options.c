/*
 * net/options.c: getsockopt and setsockopt of AF_UNIX sockets: level SOL_SOCKET, the options that mean something here.
 * Locks: unix_lock where an option belongs to the state. Errors: ENOPROTOOPT (an option not known), EOPNOTSUPP (another
 * level), EINVAL, EFAULT, EDOM, EPERM. Source: socket(7), unix(7).
 */
#include "net/netlink.h"
#include "net/unix.h"
#include "base/errno.h"
#include "base/string.h"
#include "mm/user_access.h"
#include "namespace/user.h"
#include "pid/pid.h"
#include "task/task.h"
#include <linux/capability.h>

#define ROOM_ASKED_MAX 212992u		/* net.core.wmem_max, rmem_max */
#define SEND_ROOM_MIN 4608u
#define RECEIVE_ROOM_MIN 2304u
#define ROOM_FORCED_MAX (1u << 30)

struct linger { s32 l_onoff, l_linger; };
struct time_value { s64 seconds, microseconds; };	/* struct timeval */

/* -- getting -- */
static long put_option(const void *v, int bytes, uptr value, uptr size)
{
	u32 room;

	if (get_user_u32(&room, size))
		return -EFAULT;
	if ((int)room < 0)
		return -EINVAL;
	bytes = MIN(bytes, (int)room);
	if (copy_to_user(value, v, (size_t)bytes) || put_user_u32((u32)bytes, size))
		return -EFAULT;
	return 0;
}

static long get_peer(struct unix_socket *s, uptr value, uptr size)
{
	unix_lock_all();
	struct pid *pid = pid_get(s->peer_pid);
	struct ucred u = { 0, s->peer_uid, s->peer_gid };
	unix_unlock_all();
	if (pid)
		u.pid = pid_number_in(pid, current_pid_ns());
	pid_put(pid);
	if (u.uid != ID_NONE)
		u = (struct ucred){ u.pid, uid_shown(u.uid), gid_shown(u.gid) };
	return put_option(&u, sizeof(u), value, size);
}

static long get_time(u64 ns, uptr value, uptr size)
{
	struct time_value t = { (s64)(ns / NSEC_PER_SEC), (s64)(ns % NSEC_PER_SEC / NSEC_PER_USEC) };
	return put_option(&t, sizeof(t), value, size);
}

static long get_linger(struct unix_socket *s, uptr value, uptr size)
{
	struct linger l = { s->lingers, (int)s->linger_seconds };
	return put_option(&l, sizeof(l), value, size);
}

static bool get_word(struct unix_socket *s, int name, int *v)
{
	switch (name) {
	case SO_TYPE: *v = s->type; return true;
	case SO_DOMAIN: *v = s->is_netlink ? AF_NETLINK : AF_UNIX; return true;
	case SO_PROTOCOL: *v = 0; return true;
	case SO_ERROR: *v = -unix_take_error(s); return true;
	case SO_ACCEPTCONN: *v = READ_ONCE(s->state) == UNIX_LISTENING; return true;
	case SO_PASSCRED: *v = s->passes_creds; return true;
	case SO_REUSEADDR: *v = s->is_reusable; return true;
	case SO_KEEPALIVE: *v = s->keeps_alive; return true;
	case SO_OOBINLINE: *v = s->has_oob_inline; return true;
	case SO_BROADCAST: *v = s->may_broadcast; return true;
	case SO_SNDBUF: *v = (int)s->send_room; return true;
	case SO_RCVBUF: *v = (int)s->receive_room; return true;
	case SO_RCVLOWAT: *v = (int)s->receive_low; return true;
	case SO_SNDLOWAT: *v = 1; return true;
	}
	return false;
}

long unix_get_option(struct unix_socket *s, int level, int name, uptr value, uptr size)
{
	u32 room;
	int v;

	if (level != SOL_SOCKET)
		return -EOPNOTSUPP;
	if (get_user_u32(&room, size))
		return -EFAULT;
	if ((int)room < 0)
		return -EINVAL;
	switch (name) {
	case SO_PEERCRED:
		return get_peer(s, value, size);
	case SO_LINGER:
		return get_linger(s, value, size);
	case SO_RCVTIMEO_OLD:
	case SO_RCVTIMEO_NEW:
		return get_time(s->receive_timeout_ns, value, size);
	case SO_SNDTIMEO_OLD:
	case SO_SNDTIMEO_NEW:
		return get_time(s->send_timeout_ns, value, size);
	}
	return get_word(s, name, &v) ? put_option(&v, sizeof(v), value, size) : -ENOPROTOOPT;
}

/* -- setting -- */
static long set_time(u64 *ns, uptr value, int size)
{
	struct time_value t;

	if (size < (int)sizeof(t))
		return -EINVAL;
	if (copy_from_user(&t, value, sizeof(t)))
		return -EFAULT;
	if (t.microseconds < 0 || t.microseconds >= 1000000)
		return -EDOM;
	if (t.seconds < 0) {	/* no time at all, as short as can be */
		*ns = 1;
		return 0;
	}
	bool is_far = (u64)t.seconds > (~0UL >> 2) / NSEC_PER_SEC;
	*ns = is_far ? 0 : (u64)t.seconds * NSEC_PER_SEC + (u64)t.microseconds * NSEC_PER_USEC;
	return 0;
}

static long set_linger(struct unix_socket *s, uptr value, int size)
{
	struct linger l;

	if (size < (int)sizeof(l))
		return -EINVAL;
	if (copy_from_user(&l, value, sizeof(l)))
		return -EFAULT;
	s->lingers = l.l_onoff != 0;
	if (s->lingers)
		s->linger_seconds = (u32)l.l_linger;
	return 0;
}

static u32 room_of(int v, u32 max, u32 least) { return MAX(MIN((u32)v, max) * 2, least); }

static long set_room(struct unix_socket *s, int name, int v)
{
	bool is_forced = name == SO_SNDBUFFORCE || name == SO_RCVBUFFORCE;

	if (is_forced && !capable(CAP_NET_ADMIN))
		return -EPERM;
	u32 max = is_forced ? ROOM_FORCED_MAX : ROOM_ASKED_MAX;
	v = is_forced ? MAX(v, 0) : v;
	if (name == SO_SNDBUF || name == SO_SNDBUFFORCE) {
		WRITE_ONCE(s->send_room, room_of(v, max, SEND_ROOM_MIN));
		unix_wake_write(s);
	} else {
		WRITE_ONCE(s->receive_room, room_of(v, max, RECEIVE_ROOM_MIN));
	}
	return 0;
}

static long set_word(struct unix_socket *s, int name, int v)
{
	switch (name) {
	case SO_TYPE: case SO_DOMAIN: case SO_PROTOCOL: case SO_ERROR: case SO_ACCEPTCONN: case SO_PEERCRED: case SO_SNDLOWAT:
		return -ENOPROTOOPT;
	case SO_PASSCRED: s->passes_creds = v != 0; return 0;
	case SO_REUSEADDR: s->is_reusable = v != 0; return 0;
	case SO_KEEPALIVE: s->keeps_alive = v != 0; return 0;
	case SO_OOBINLINE: s->has_oob_inline = v != 0; return 0;
	case SO_BROADCAST: s->may_broadcast = v != 0; return 0;
	case SO_RCVLOWAT: s->receive_low = v < 0 ? ~0u >> 1 : MAX((u32)v, 1u); return 0;
	case SO_SNDBUF: case SO_SNDBUFFORCE: case SO_RCVBUF: case SO_RCVBUFFORCE:
		return set_room(s, name, v);
	}
	return -ENOPROTOOPT;
}

long unix_set_option(struct unix_socket *s, int level, int name, uptr value, int size)
{
	u32 v;

	if (level != SOL_SOCKET)
		return -EOPNOTSUPP;
	if (size < (int)sizeof(v))
		return -EINVAL;
	if (get_user_u32(&v, value))
		return -EFAULT;
	switch (name) {
	case SO_LINGER:
		return set_linger(s, value, size);
	case SO_RCVTIMEO_OLD:
	case SO_RCVTIMEO_NEW:
		return set_time(&s->receive_timeout_ns, value, size);
	case SO_SNDTIMEO_OLD:
	case SO_SNDTIMEO_NEW:
		return set_time(&s->send_timeout_ns, value, size);
	}
	return set_word(s, name, (int)v);
}
