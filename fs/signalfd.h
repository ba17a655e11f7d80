/* fs/signalfd.h: what the signal senders know of signalfd. */
#ifndef FS_SIGNALFD_H
#define FS_SIGNALFD_H
struct task;

void signalfd_init(void);
/* A signal has become pending for t or its group: whoever reads or polls it looks. sighand->lock may be held. */
void signalfd_notify(struct task *t);
#endif
