/* fs/signalfd.h: what the signal senders know of signalfd. */
#ifndef FS_SIGNALFD_H
#define FS_SIGNALFD_H
#include "task/task.h"


void signalfd_init(void);
/* A signal has become pending for t or its group: whoever reads or polls it looks. sighand->lock may be held. */
void signalfd_notify(struct task *t);

/* Where those wait who want such news; a queue serves several groups. */
#define SIGNALFD_QUEUES 64
extern struct waitqueue signalfd_queues[SIGNALFD_QUEUES];
static inline struct waitqueue *signalfd_queue(const struct signal *s)
{
	return &signalfd_queues[((uptr)s / sizeof(*s)) % SIGNALFD_QUEUES];
}
static inline bool signalfd_is_watched(const struct task *t) { return waitqueue_has_waiters(signalfd_queue(t->signal)); }
#endif
