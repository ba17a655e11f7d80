/*
 * ipc/mqueue.h: POSIX message queues from inside: mqueue.c has the queue (send, receive, notify), mqueue_fs.c the file
 * system that names them and the calls on names.
 */
#ifndef IPC_MQUEUE_H
#define IPC_MQUEUE_H
#include "ipc/ipc.h"
#include <linux/mqueue.h>

#define MQUEUE_MESSAGES_HARD 65536		/* beyond it nobody goes */
#define MQUEUE_BYTES_HARD (16 * 1024 * 1024)

struct file;
struct poll_table;
struct unix_message;
struct user_account;
/* Who is told when a message comes to the empty queue. */
struct mqueue_notice {
	struct pid *owner;		/* reference: the process; NULL: nobody */
	int how, signal;		/* SIGEV_* */
	u64 value;			/* sigval */
	struct unix_message *cookie;	/* owned: of SIGEV_THREAD, on its way to the C library's netlink socket; or NULL */
	u64 exec_count;			/* of the owner then: a program that it became is not told */
};
struct mqueue {
	struct mutex lock;		/* RANK_SYSV: all below but poll */
	long messages_max, bytes_max;	/* fixed when it is made */
	long messages, bytes;		/* in it; poll reads messages without the lock */
	struct rb_tree tree;		/* of mqueue_message: highest priority first, then oldest */
	struct list senders, receivers;	/* of mqueue_sleeper: highest scheduling priority first, then longest */
	struct waitqueue poll;
	struct mqueue_notice notice;
	struct user_account *account;	/* reference: whose RLIMIT_MSGQUEUE it counts against */
	int charged_bytes;
};

struct mqueue *mqueue_new(const struct mq_limits *l, const struct mq_attr *wanted);	/* NULL: as usual here. ERR_PTR */
void mqueue_free(struct mqueue *q);
unsigned mqueue_poll_state(struct mqueue *q);
size_t mqueue_describe(struct mqueue *q, char *buf, size_t size);	/* what a read of its file gives */
void mqueue_forget_notice_of_current(struct mqueue *q);
struct mqueue *mqueue_of_file(struct file *f);	/* NULL: not a queue */
void mqueue_init(void);
#endif
