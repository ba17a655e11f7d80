/*
 * net/unix_show.c: /proc/PID/net/unix: one line for each AF_UNIX socket of a namespace. Locks: unix_lock. Source:
 * proc(5), unix(7).
 */
#include "net/unix.h"
#include "fs/proc/proc.h"
#include <linux/net.h>

#define FLAG_LISTENS 0x10000		/* __SO_ACCEPTCON */

static unsigned state_of(const struct unix_socket *s)
{
	bool has_file = s->file, is_connected = s->state == UNIX_CONNECTED;

	if (has_file)
		return is_connected ? SS_CONNECTED : SS_UNCONNECTED;
	return is_connected ? SS_CONNECTING : SS_DISCONNECTING;
}

/* A path, or "@" and the abstract name, whose NULs are shown as "@" too. */
static void show_name(struct text *t, const struct socket_name *n)
{
	u32 end = n->un.sun_path[0] ? n->size - 1 : n->size;	/* a path's NUL is counted */

	text_print(t, " ");
	for (u32 i = NAME_PATH_AT; i < end; i++)
		text_print(t, "%c", n->bytes[i] ? n->bytes[i] : '@');
}

void unix_show_all(struct text *t, const struct net_ns *net)
{
	const struct unix_socket *s;

	text_print(t, "Num       RefCount Protocol Flags    Type St Inode Path\n");
	unix_lock_all();
	list_for_each(s, &unix_sockets, all_node) {
		if (s->net != net || s->is_netlink)
			continue;
		text_print(t, "%016lx: %08X %08X %08X %04X %02X %5lu", 0UL, (unsigned)refcount_read(&s->count), 0,
			   s->state == UNIX_LISTENING ? FLAG_LISTENS : 0, (unsigned)s->type, state_of(s),
			   s->file ? (unsigned long)s->file->inode->ino : 0);
		if (s->address)
			show_name(t, &s->address->name);
		text_print(t, "\n");
	}
	unix_unlock_all();
}
