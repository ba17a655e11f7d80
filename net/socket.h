/*
 * net/socket.h: what the socket calls and the address family share: the constants of the ABI that its headers lack, one
 * send or receive in kernel form, and what travels beside the bytes.
 */
#ifndef NET_SOCKET_H
#define NET_SOCKET_H
#include "base/types.h"
#include "fs/iter.h"
#include <asm/socket.h>
#include <linux/un.h>

struct file;
struct pid;
struct user_account;

#define AF_UNSPEC 0
#define AF_UNIX 1
#define SOCK_STREAM 1
#define SOCK_DGRAM 2
#define SOCK_RAW 3
#define SOCK_SEQPACKET 5
#define SHUT_BIT_READ 1		/* shutdown's how + 1 */
#define SHUT_BIT_WRITE 2
#define SHUT_BITS 3
#define SCM_RIGHTS 1
#define SCM_CREDENTIALS 2
#define SCM_FILES_MAX 253
#define MSG_OOB 1
#define MSG_PEEK 2
#define MSG_CTRUNC 8
#define MSG_TRUNC 0x20
#define MSG_DONTWAIT 0x40
#define MSG_WAITALL 0x100
#define MSG_NOSIGNAL 0x4000
#define MSG_WAITFORONE 0x10000
#define MSG_CMSG_CLOEXEC 0x40000000

struct ucred { s32 pid; u32 uid, gid; };
#define ID_NONE (~0U)			/* no user, no group */
#define ID_OVERFLOW 65534		/* how an id that cannot be shown is shown */

struct socket_name {
	u32 size;			/* 0: none */
	union {
		u16 family;
		struct sockaddr_un un;
		char bytes[129];	/* struct sockaddr_storage and a NUL */
	};
};
#define NAME_BYTES 128
#define NAME_PATH_AT offsetof(struct sockaddr_un, sun_path)

/* Files on their way: references, charged to the sender's account. */
struct scm_files {
	u32 n;
	struct user_account *account;	/* reference; NULL: not charged (received, or only looked at) */
	bool is_in_queue;		/* of a socket: counted in unix_socket->in_flight. unix_lock */
	struct file *files[];
};
struct scm {
	struct scm_files *files;	/* owned; NULL: none */
	struct pid *pid;		/* reference or NULL */
	u32 uid, gid;
	bool has_creds;
};

/* One send or receive. */
struct socket_io {
	struct iter it;
	unsigned flags;			/* MSG_* asked for */
	unsigned out_flags;		/* receive: MSG_TRUNC, MSG_CTRUNC */
	bool never_waits;
	struct socket_name name;	/* send: where to; receive: where from */
	struct scm scm;			/* send: given up to the message; receive: what came */
};

/* -- scm.c -- */
/* Reads the control messages at control. 0, -EINVAL, -EBADF, -EPERM, -ESRCH, -ETOOMANYREFS, -EFAULT, -ENOMEM. */
int __must_check scm_from_user(struct scm *s, uptr control, size_t size);
/* Writes out what came into at most *size bytes at control; *size becomes what was written. Sets out_flags. */
void scm_to_user(struct socket_io *io, uptr control, size_t *size, bool wants_creds);
void scm_set_current(struct scm *s);	/* current's ids, unless others were given */
bool scm_is_same_sender(const struct scm *a, const struct scm *b);
void scm_copy_creds(struct scm *to, const struct scm *from);
struct scm_files *scm_files_copy(const struct scm_files *from);	/* uncharged; NULL: memory */
void scm_files_uncharge(struct scm_files *f);
void scm_drop(struct scm *s);		/* may close files: no lock held */

/* -- message.c -- */
int __must_check socket_name_from_user(struct socket_name *n, uptr address, int size);
int __must_check socket_name_to_user(const struct socket_name *n, uptr address, uptr size);
#endif
