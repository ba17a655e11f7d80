/*
 * ipc/ipc_proc.c: /proc/sysvipc and the limits in /proc/sys/kernel and /proc/sys/fs/mqueue, of the namespace that the
 * reader is in.
 * Locks: each kind's, for the lists; limits are plain words. Errors: EINVAL: not a number, or out of range.
 * Differences from Linux: shm_rmid_forced can only be 0. Source: proc(5), sysvipc(7), mq_overview(7).
 */
#include "ipc/ipc_proc.h"
#include "ipc/ipc.h"
#include "ipc/mqueue.h"
#include "base/string.h"

#define INT_LIMIT 0x7fffffffUL

int ipc_proc_show_objects(struct text *t, const struct proc_ref *r)
{
	struct ipc_ns *ns = current_ipc_ns();

	switch (r->row->name[strlen("sysvipc/s")]) {
	case 'e':
		sem_show_all(ns, t);
		break;
	case 'h':
		shm_show_all(ns, t);
		break;
	default:
		msg_show_all(ns, t);
	}
	return 0;
}

/* A limit's numbers: where they are, how many (of int; 0: one of 64 bits), and the largest that the last may be. */
struct limit { const char *name; size_t offset; int ints; u64 min, max; };
#define LIMIT(name, field, ints, max) { "sys/kernel/" name, offsetof(struct ipc_ns, field), ints, 0, max }
#define MQ_LIMIT(name, field, min, max) { "sys/fs/mqueue/" name, offsetof(struct ipc_ns, field), 1, min, max }
static int never_forced;	/* shm_rmid_forced, auto_msgmni: always 0 */
static const struct limit limits[] = {
	LIMIT("msg_next_id", ids[IPC_MSG].next_id, 1, INT_LIMIT),
	LIMIT("msgmax", msg_bytes_max, 1, INT_LIMIT),
	LIMIT("msgmnb", msg_queue_bytes, 1, INT_LIMIT),
	LIMIT("msgmni", msg_queues, 1, IPC_PLACES_MAX),
	LIMIT("sem", sem_per_set, 4, IPC_PLACES_MAX),
	LIMIT("sem_next_id", ids[IPC_SEM].next_id, 1, INT_LIMIT),
	LIMIT("shm_next_id", ids[IPC_SHM].next_id, 1, INT_LIMIT),
	LIMIT("shmall", shm_pages_max, 0, ~0UL),
	LIMIT("shmmax", shm_bytes_max, 0, ~0UL),
	LIMIT("shmmni", shm_segments, 1, IPC_PLACES_MAX),
	MQ_LIMIT("msg_default", mq.messages_default, 1, MQUEUE_MESSAGES_HARD),
	MQ_LIMIT("msg_max", mq.messages_max, 1, MQUEUE_MESSAGES_HARD),
	MQ_LIMIT("msgsize_default", mq.bytes_default, 128, MQUEUE_BYTES_HARD),
	MQ_LIMIT("msgsize_max", mq.bytes_max, 128, MQUEUE_BYTES_HARD),
	MQ_LIMIT("queues_max", mq.queues_max, 0, INT_LIMIT),
};
static const struct limit zero = { .ints = 1 };

static const struct limit *limit_of(const struct proc_ref *r, void **place)
{
	for (size_t i = 0; i < ARRAY_SIZE(limits); i++) {
		if (strcmp(limits[i].name, r->row->name))
			continue;
		*place = (char *)current_ipc_ns() + limits[i].offset;
		return &limits[i];
	}
	*place = &never_forced;
	return &zero;
}

int ipc_proc_show_limit(struct text *t, const struct proc_ref *r)
{
	void *place;
	const struct limit *l = limit_of(r, &place);

	if (!l->ints)
		text_print(t, "%lu", (unsigned long)READ_ONCE(*(u64 *)place));
	for (int i = 0; i < l->ints; i++)
		text_print(t, i ? "\t%d" : "%d", READ_ONCE(((int *)place)[i]));
	text_print(t, "\n");
	return 0;
}

/* The numbers in text, at most n; how many there are, or -EINVAL. */
static int parse_numbers(const char *text, u64 *numbers, int n)
{
	for (int i = 0; i < n; i++) {
		char *end;
		while (*text == ' ' || *text == '\t' || *text == '\n')
			text++;
		if (!*text)
			return i ? i : -EINVAL;
		numbers[i] = strtou64(text, &end, 10);
		if (end == text || (*end && *end != ' ' && *end != '\t' && *end != '\n'))
			return -EINVAL;
		text = end;
	}
	return n;
}

ssize_t ipc_proc_write_limit(const struct proc_ref *r, char *text, size_t n)
{
	u64 numbers[4];
	void *place;
	const struct limit *l = limit_of(r, &place);
	int count = parse_numbers(text, numbers, MAX(l->ints, 1));

	if (count < 0)
		return count;
	for (int i = 0; i < count; i++)
		if (numbers[i] < l->min || numbers[i] > (i == l->ints - 1 || !l->ints ? l->max : INT_LIMIT))
			return -EINVAL;
	if (!l->ints)
		WRITE_ONCE(*(u64 *)place, numbers[0]);
	for (int i = 0; i < MIN(count, l->ints); i++)
		WRITE_ONCE(((int *)place)[i], (int)numbers[i]);
	return (ssize_t)n;
}
