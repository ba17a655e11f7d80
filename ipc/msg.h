/* ipc/msg.h: System V message queues from inside: msg.c has the queues, msgsnd and msgrcv; msg_ctl.c has msgctl. */
#ifndef IPC_MSG_H
#define IPC_MSG_H
#include "ipc/ipc.h"
#include <linux/msg.h>

struct pid;
struct msg_queue {
	struct ipc_object o;
	s64 send_time, receive_time, change_time;	/* seconds */
	u64 bytes, count;		/* in it */
	u64 bytes_max;
	struct pid *last_sender, *last_receiver;	/* references, or NULL */
	struct list messages;		/* oldest first */
	struct list senders, receivers;	/* of ipc_sleeper: in order of arrival */
};

static inline struct ipc_ids *msg_ids(struct ipc_ns *ns) { return &ns->ids[IPC_MSG]; }
struct msg_queue *msg_find(struct ipc_ns *ns, int id);	/* ERR_PTR(-EINVAL) */
void msg_free(struct ipc_ns *ns, struct msg_queue *q);	/* out of the table, sleepers get EIDRM */
#endif
