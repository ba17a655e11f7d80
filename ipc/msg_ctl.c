/*
 * ipc/msg_ctl.c: msgctl. Locks: the namespace's ids[IPC_MSG].lock; no user memory under it.
 * Errors: EACCES, EFAULT, EINVAL, EPERM. Source: msgctl(2), Linux 6.1's order of checks.
 */
#include "ipc/msg.h"
#include "base/errno.h"
#include "mm/user_access.h"
#include "namespace/user.h"
#include "syscall/define.h"
#include <linux/capability.h>

static long info(struct ipc_ns *ns, int cmd, uptr out)
{
	struct msginfo i = {
		.msgpool = MSGPOOL, .msgmap = MSGMAP, .msgmax = ns->msg_bytes_max, .msgmnb = ns->msg_queue_bytes,
		.msgmni = ns->msg_queues, .msgssz = MSGSSZ, .msgtql = MSGTQL, .msgseg = MSGSEG,
	};
	mutex_lock(&msg_ids(ns)->lock);
	if (cmd == MSG_INFO) {
		i.msgpool = msg_ids(ns)->used;
		i.msgmap = (int)ns->msg_count;
		i.msgtql = (int)ns->msg_bytes;
	}
	int highest = MAX(msg_ids(ns)->highest, 0);
	mutex_unlock(&msg_ids(ns)->lock);
	return copy_to_user(out, &i, sizeof(i)) ? -EFAULT : highest;
}

static long stat_locked(struct ipc_ns *ns, int id, int cmd, struct msqid64_ds *out)
{
	struct ipc_object *o = cmd == IPC_STAT ? ipc_find(msg_ids(ns), id) : ipc_at(msg_ids(ns), id);
	int err = 0;

	if (IS_ERR(o))
		return PTR_ERR(o);
	if (cmd != MSG_STAT_ANY)
		err = ipc_may(ns, o, IPC_ASK_READ);
	if (err)
		return err;
	const struct msg_queue *q = container_of(o, struct msg_queue, o);
	*out = (struct msqid64_ds){
		.msg_stime = q->send_time, .msg_rtime = q->receive_time, .msg_ctime = q->change_time, .msg_cbytes = q->bytes,
		.msg_qnum = q->count, .msg_qbytes = q->bytes_max, .msg_lspid = ipc_pid_seen(q->last_sender),
		.msg_lrpid = ipc_pid_seen(q->last_receiver),
	};
	ipc_fill_perm(o, &out->msg_perm);
	return cmd == IPC_STAT ? 0 : o->id;
}

static long stat(struct ipc_ns *ns, int id, int cmd, uptr out)
{
	struct msqid64_ds s;

	mutex_lock(&msg_ids(ns)->lock);
	long result = stat_locked(ns, id, cmd, &s);
	mutex_unlock(&msg_ids(ns)->lock);
	return result >= 0 && copy_to_user(out, &s, sizeof(s)) ? -EFAULT : result;
}

static int change_locked(struct ipc_ns *ns, int id, int cmd, const struct msqid64_ds *in)
{
	struct msg_queue *q = msg_find(ns, id);

	if (IS_ERR(q))
		return PTR_ERR(q);
	int err = ipc_may_change(ns, &q->o);
	if (err)
		return err;
	if (cmd == IPC_RMID) {
		msg_free(ns, q);
		return 0;
	}
	if (in->msg_qbytes > (u64)ns->msg_queue_bytes && !capable(CAP_SYS_RESOURCE))
		return -EPERM;
	err = ipc_set_perm(&q->o, &in->msg_perm);
	if (err)
		return err;
	q->bytes_max = in->msg_qbytes;
	q->change_time = ipc_now();
	/* Those who sleep may have lost the right to, or have room now. */
	ipc_decide_all(&q->receivers, IPC_RETRY);
	ipc_decide_all(&q->senders, IPC_RETRY);
	return 0;
}

static long change(struct ipc_ns *ns, int id, int cmd, uptr in)
{
	struct msqid64_ds s;

	if (cmd == IPC_SET && copy_from_user(&s, in, sizeof(s)))
		return -EFAULT;
	mutex_lock(&msg_ids(ns)->lock);
	int result = change_locked(ns, id, cmd, &s);
	mutex_unlock(&msg_ids(ns)->lock);
	return result;
}

long sys_msgctl(int id, int cmd, uptr arg)
{
	struct ipc_ns *ns = current_ipc_ns();

	if (id < 0 || cmd < 0)
		return -EINVAL;
	switch (cmd) {
	case IPC_INFO: case MSG_INFO:
		return info(ns, cmd, arg);
	case IPC_STAT: case MSG_STAT: case MSG_STAT_ANY:
		return stat(ns, id, cmd, arg);
	case IPC_SET: case IPC_RMID:
		return change(ns, id, cmd, arg);
	}
	return -EINVAL;
}
