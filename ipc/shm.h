/*
 * ipc/shm.h: System V shared memory from inside: shm.c has the segments, shmat and shmdt; shm_ctl.c has shmctl.
 * The flags of linux/shm.h stand here, since that header wants the C library.
 */
#ifndef IPC_SHM_H
#define IPC_SHM_H
#include "ipc/ipc.h"
#include <linux/types.h>
#include <asm/shmbuf.h>

#define SHM_RDONLY 010000
#define SHM_RND 020000
#define SHM_REMAP 040000
#define SHM_EXEC 0100000
#define SHM_HUGETLB 04000
#define SHM_NORESERVE 010000
#define SHM_HUGE_SHIFT 26
#define SHM_HUGE_MASK 0x3f
#define SHM_DEST 01000		/* in the mode: goes with its last attachment */
#define SHM_LOCKED 02000	/* in the mode: SHM_LOCK was asked for */
#define SHM_LOCK 11
#define SHM_UNLOCK 12
#define SHM_STAT 13
#define SHM_INFO 14
#define SHM_STAT_ANY 15

struct pid;
struct user_account;
struct shm_segment {
	struct ipc_object o;
	struct file *file;		/* reference: the memory */
	u64 size;			/* as asked for; the memory is whole pages */
	s64 attach_time, detach_time, change_time;	/* seconds */
	struct pid *creator, *last;	/* references */
	int attachments;		/* files that shmat made and somebody still maps */
	struct user_account *locker;	/* reference: whose RLIMIT_MEMLOCK SHM_LOCK counts against, or NULL */
};

static inline struct ipc_ids *shm_ids(struct ipc_ns *ns) { return &ns->ids[IPC_SHM]; }
static inline struct shm_segment *shm_of(struct ipc_object *o) { return container_of(o, struct shm_segment, o); }
static inline u64 shm_pages_of(const struct shm_segment *s) { return (s->size + PAGE_SIZE - 1) >> PAGE_SHIFT; }
struct shm_segment *shm_find(struct ipc_ns *ns, int id);	/* ERR_PTR(-EINVAL) */
u64 shm_count_attached(const struct shm_segment *s);
u64 shm_resident_pages(const struct shm_segment *s);
void shm_remove(struct ipc_ns *ns, struct shm_segment *s);	/* IPC_RMID: now, or with its last attachment */
void shm_unlock(struct shm_segment *s);				/* SHM_UNLOCK */
#endif
