/*
 * net/unix.h: AF_UNIX sockets from inside. How they hang together (names, connections, who closes) is under one spinlock,
 * unix_lock; what waits at a socket is under its own, so that messages of different sockets do not meet. A sender takes
 * the receiver's lock only. Bytes are copied from and to user memory with no spinlock held.
 * Messages with files enter queues, and files are taken from them, under unix_lock too: unix_gc.c says why.
 */
#ifndef NET_UNIX_H
#define NET_UNIX_H
#include "net/socket.h"
#include "fs/vfs.h"

enum unix_state { UNIX_OPEN, UNIX_LISTENING, UNIX_CONNECTED };

struct unix_address {
	refcount_t count;
	struct socket_name name;
};

struct unix_socket {
	refcount_t count;
	int type;			/* SOCK_*; fixed */
	bool is_netlink;		/* AF_NETLINK: its other end is the kernel (netlink.c); fixed */
	u32 port;			/* of such a one: its number, 0: none yet. unix_lock */
	struct net_ns *net;		/* reference: whose abstract names and devices; fixed */
	/* unix_lock: */
	enum unix_state state;
	int error;			/* SO_ERROR: told once */
	struct unix_address *address;	/* reference; NULL: no name */
	struct path path;		/* references: where a name in the file system leads */
	struct unix_socket *next_named;	/* borrowed: in the chain of abstract names */
	bool is_abstract;
	struct list pending;		/* listening: of pending_node, connections nobody has accepted, a reference each */
	struct list pending_node;
	u32 pending_count, backlog;
	u32 send_room, receive_room;	/* SO_SNDBUF, SO_RCVBUF */
	struct pid *peer_pid;		/* reference: who is or will be seen by SO_PEERCRED */
	u32 peer_uid, peer_gid;
	/* written under unix_lock and lock, so that either is enough to look: */
	bool is_dead;			/* closed: only references are left */
	unsigned shutdown;		/* SHUT_BIT_* */
	struct unix_socket *peer;	/* reference; of a connection it stays until the close */
	struct list followers;		/* of follow_node: datagram sockets connected to this one */
	struct list follow_node;	/* under the peer's lock */
	/* lock: */
	struct spinlock lock;		/* RANK_UNIX_QUEUE; of two sockets never at once */
	struct list queue;		/* of unix_message->node, oldest first */
	u32 queued;
	u64 queued_bytes;
	struct unix_message *oob;	/* borrowed: the urgent byte in the queue, a message of its own; NULL: none */
	u64 charged;			/* of this one's messages that nobody has received. atomic */
	/* options: plain words */
	bool passes_creds, is_reusable, keeps_alive, may_broadcast, has_oob_inline, lingers;
	u32 linger_seconds;			/* kept: a close never waits for these sockets' other side */
	u64 receive_timeout_ns, send_timeout_ns;	/* 0: none */
	u32 receive_low;
	/* for the search for what is only in each other's queues (unix_gc.c); unix_lock: */
	struct file *file;		/* borrowed; NULL: none (yet, or any more) */
	u32 in_flight;			/* how many times it is in queues */
	u32 unexplained;		/* of these, how many are in queues that may still be read */
	bool is_suspect;
	struct list in_flight_node;
	struct list all_node;		/* in the list of all. unix_lock */
	struct list reached_node;
	struct mutex read_lock;		/* RANK_SOCKET: only its holder takes messages out of a live socket's queue */
	struct waitqueue read_wait, write_wait;
	struct waitqueue room_wait;	/* those who want to send to this one, or connect to it */
};

struct unix_message {
	struct list node;
	u32 size, done;			/* bytes in all, bytes read; done is the reader's */
	u32 charge;
	bool is_oob;			/* was sent as urgent */
	struct unix_socket *sender;	/* reference */
	struct scm scm;
	char data[] __aligned(8);
};

extern struct spinlock unix_lock;
extern struct list unix_sockets;	/* of all_node: that are not closed. unix_lock */
extern const struct file_ops unix_fops;
#define QUEUE_MAX 10			/* datagrams that wait at one receiver for others than its own peer */
#define ROOM_DEFAULT 212992u

static inline void unix_lock_all(void) { spin_lock(&unix_lock); }
static inline void unix_unlock_all(void) { spin_unlock(&unix_lock); }
static inline struct unix_socket *unix_get(struct unix_socket *s) { refcount_inc(&s->count); return s; }
static inline bool unix_is_stream(const struct unix_socket *s) { return s->type == SOCK_STREAM; }
static inline bool unix_has_connections(const struct unix_socket *s) { return s->type != SOCK_DGRAM; }
static inline bool unix_is_full_locked(const struct unix_socket *s) { return READ_ONCE(s->queued) > QUEUE_MAX; }
static inline bool unix_is_writable(const struct unix_socket *s)
{
	return READ_ONCE(s->state) != UNIX_LISTENING && READ_ONCE(s->charged) * 4 <= READ_ONCE(s->send_room);
}

/* For a message that may bring files. */
static inline void unix_lock_queue(struct unix_socket *s, bool has_files)
{
	if (has_files)
		unix_lock_all();
	spin_lock(&s->lock);
}
static inline void unix_unlock_queue(struct unix_socket *s, bool has_files)
{
	spin_unlock(&s->lock);
	if (has_files)
		unix_unlock_all();
}
/* A name, once given, stays as long as the socket. */
static inline struct unix_address *unix_address_of(const struct unix_socket *s)
{
	return __atomic_load_n(&s->address, __ATOMIC_ACQUIRE);
}

struct text;
void unix_show_all(struct text *t, const struct net_ns *net);	/* unix_show.c: /proc/PID/net/unix */
/* -- unix.c: life -- */
struct unix_socket *unix_new(int type);			/* NULL: memory */
void unix_put(struct unix_socket *s);			/* NULL accepted */
void unix_close(struct unix_socket *s, bool was_pending);	/* gives up the owner's reference */
struct file *unix_file(struct unix_socket *s, unsigned flags);	/* takes the reference over unless ERR_PTR */
void unix_wake_read(struct unix_socket *s);
void unix_wake_write(struct unix_socket *s);
void unix_wake_ended(struct unix_socket *s);		/* hung up or shut down: all are to look */
/* Takes pid over; the old one is put. */
void unix_set_peer_creds_locked(struct unix_socket *s, struct pid *pid, u32 uid, u32 gid);
int unix_take_error(struct unix_socket *s);		/* 0 or -errno, cleared */
int unix_wait_error(int wait_result, u64 timeout_ns);	/* what a call that slept returns */

/* -- unix_name.c -- */
int __must_check unix_name_check(struct socket_name *n);	/* -EINVAL; ends a path and counts its NUL */
int __must_check unix_bind(struct unix_socket *s, struct socket_name *n);
int __must_check unix_bind_auto(struct unix_socket *s);	/* 0 if it has a name */
/* The socket of s's type, and in its namespace, that is bound to n: a reference, or ERR_PTR. */
struct unix_socket *unix_find(const struct socket_name *n, const struct unix_socket *s);
void unix_name_forget_locked(struct unix_socket *s);
void unix_name_of(const struct unix_socket *s, struct socket_name *out);
void unix_address_put(struct unix_address *a);		/* NULL accepted */

/* -- unix_connect.c -- */
int unix_listen(struct unix_socket *s, int backlog);
int unix_connect(struct unix_socket *s, struct socket_name *n, bool never_waits);
struct unix_socket *unix_accept(struct unix_socket *s, bool never_waits);	/* ERR_PTR */
int unix_shutdown(struct unix_socket *s, int how);
void unix_pair(struct unix_socket *a, struct unix_socket *b);
/* A datagram socket has met that its peer is gone: it has none any more, and what that one had sent is lost. */
void unix_forget_peer(struct unix_socket *s, const struct unix_socket *gone);

/* -- unix_message.c -- */
struct unix_message *unix_message_new(struct unix_socket *sender, size_t size);	/* charged; NULL: memory */
void unix_message_free(struct unix_message *m);		/* may close files: no lock held */
void unix_messages_free(struct list *l);
/* to->lock is held, and unix_lock if the message has files. */
void unix_queue_locked(struct unix_socket *to, struct unix_message *m);
void unix_unqueue_locked(struct unix_socket *from, struct unix_message *m);	/* uncharges, wakes senders. from->lock */
int __must_check unix_wait_room(struct unix_socket *s, const struct socket_io *io, u64 deadline_ns);

/* Hands m's files to the receiver, or copies of the references to one who only looks. read_lock is held. */
void unix_take_files(struct unix_message *m, struct socket_io *io);

/* -- unix_gc.c -- */
void unix_enters_queue_locked(struct scm_files *f);	/* NULL accepted */
void unix_leaves_queue_locked(struct scm_files *f);	/* NULL, and files that are in no queue, accepted */
void unix_collect(void);	/* frees sockets that are only in each other's queues. No lock held */

/* -- unix_oob.c: the urgent byte of a stream -- */
void unix_oob_queued(struct unix_socket *to);		/* tells to's owner: SIGURG. No lock held */
ssize_t unix_oob_receive(struct unix_socket *s, struct socket_io *io);	/* 1, or -EINVAL, -EFAULT */
/* A read has come to an urgent byte. read_lock is held. */
enum unix_oob { OOB_IS_DATA, OOB_ENDS_READ, OOB_IS_SKIPPED };
enum unix_oob unix_oob_met(struct unix_socket *s, struct unix_message *m, bool peeks, bool has_read, struct list *used);
bool unix_oob_is_next(struct unix_socket *s);		/* SIOCATMARK */

/* -- unix_stream.c, unix_dgram.c -- */
ssize_t unix_stream_send(struct unix_socket *s, struct socket_io *io);
ssize_t unix_stream_receive(struct unix_socket *s, struct socket_io *io);
ssize_t unix_dgram_send(struct unix_socket *s, struct socket_io *io);
ssize_t unix_dgram_receive(struct unix_socket *s, struct socket_io *io);
ssize_t unix_send(struct unix_socket *s, struct socket_io *io);
ssize_t unix_receive(struct unix_socket *s, struct socket_io *io);

/* -- options.c -- */
long unix_get_option(struct unix_socket *s, int level, int name, uptr value, uptr size);
long unix_set_option(struct unix_socket *s, int level, int name, uptr value, int size);
#endif
