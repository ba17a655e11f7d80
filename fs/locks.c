/*
 * fs/locks.c: advisory locks: flock (owned by an open file), POSIX record locks (owned by a process's room "files"),
 * and OFD record locks (owned by an open file). The two kinds of record locks exclude each other; flock stands apart.
 * All locks of an inode hang on inode->posix_locks; one lock guards them all, one waitqueue serves all who wait.
 *
 * Way in: flock, fcntl; locks_drop_posix and locks_drop_file when an owner closes or goes.
 * Locks: locks_lock (spinlock). Errors: EAGAIN, EDEADLK, EINVAL, EBADF, ENOLCK, ERESTARTSYS.
 * Source: flock(2), fcntl(2).
 */
#include "fs/internal.h"
#include "fs/proc/proc.h"
#include "mm/slab.h"
#include "mm/user_access.h"
#include "syscall/define.h"
#include "task/task.h"

#define DEADLOCK_STEPS_MAX 10	/* as Linux's */
#define OFFSET_END ((loff)0x7fffffffffffffff)	/* "to the end, wherever it will be" */

enum lock_kind { LOCK_FLOCK, LOCK_POSIX, LOCK_OFD };

struct file_lock {
	struct list node;		/* in inode->posix_locks. locks_lock */
	struct list all_node;		/* in all_locks, newest first. locks_lock */
	struct inode *inode;		/* borrowed: its locks go before it */
	enum lock_kind kind;
	const void *owner;		/* borrowed: struct files or struct file; compared only */
	int pid;			/* of the process that set it, for F_GETLK */
	short type;			/* F_RDLCK, F_WRLCK; in a request also F_UNLCK */
	loff start, end;		/* both inside */
};
/* Who waits for a lock. A process that waits for another's record lock is an edge that EDEADLK is found by. */
struct lock_wait {
	struct list node;
	const struct inode *inode;
	const struct file_lock *request;
	const void *owner, *blocker;	/* an edge, or NULL */
};

SLAB_CACHE(file_lock_cache, struct file_lock);
static struct spinlock locks_lock = SPINLOCK_INIT(RANK_FILE_LOCKS);
static struct waitqueue locks_wait = WAITQUEUE_INIT(locks_wait);
static struct list waits = LIST_INIT(waits);	/* locks_lock */
static struct list all_locks = LIST_INIT(all_locks);	/* locks_lock */

/* -- relations -- */
static bool is_same_owner(const struct file_lock *a, const struct file_lock *b)
{
	return a->kind == b->kind && a->owner == b->owner;
}

static bool overlaps(const struct file_lock *a, const struct file_lock *b)
{
	return a->start <= b->end && b->start <= a->end;
}

static bool touches(const struct file_lock *a, const struct file_lock *b)
{
	return overlaps(a, b) || (a->end != OFFSET_END && a->end + 1 == b->start) ||
	       (b->end != OFFSET_END && b->end + 1 == a->start);
}

static struct file_lock *conflict_locked(struct inode *i, const struct file_lock *r)
{
	struct file_lock *l;

	list_for_each(l, &i->posix_locks, node) {
		if ((l->kind == LOCK_FLOCK) == (r->kind == LOCK_FLOCK) && !is_same_owner(l, r) && overlaps(l, r) &&
		    (l->type == F_WRLCK || r->type == F_WRLCK))
			return l;
	}
	return NULL;
}

/* Whom a process waits for that waits for l's owner: an edge. NULL: only processes are looked for. */
static const void *blocker_of(const struct file_lock *l) { return l->kind == LOCK_POSIX ? l->owner : NULL; }

/* Whom does owner wait for? With threads it may be several: the first. */
static const void *awaited_by_locked(const void *owner)
{
	struct lock_wait *w;

	list_for_each(w, &waits, node)
		if (w->owner == owner)
			return w->blocker;
	return NULL;
}

/* Would waiting for blocker close a circle? A long way is not gone to its end, nor a circle of others, which their threads hid. */
static bool is_deadlock_locked(const void *owner, const void *blocker)
{
	for (int steps = 0; blocker && steps < DEADLOCK_STEPS_MAX; steps++) {
		if (blocker == owner)
			return true;
		blocker = awaited_by_locked(blocker);
	}
	return false;
}

/* -- changing -- */
static void lock_remove_locked(struct file_lock *l)
{
	list_remove(&l->node);
	list_remove(&l->all_node);
	slab_free(&file_lock_cache, l);
}

static void lock_add_locked(struct inode *i, struct file_lock *l)
{
	l->inode = i;
	list_push_back(&i->posix_locks, &l->node);
	list_push_front(&all_locks, &l->all_node);
}

/* r takes its range of what the same owner has: other types give way, equal ones that touch melt into r. One lock that
 * r cuts in two needs *spare. */
static void carve_locked(struct inode *i, struct file_lock *r, struct file_lock **spare)
{
	struct file_lock *l, *next;

	list_for_each_safe(l, next, &i->posix_locks, node) {
		if (!is_same_owner(l, r) || !touches(l, r))
			continue;
		if (l->type == r->type) {
			r->start = MIN(r->start, l->start);
			r->end = MAX(r->end, l->end);
			lock_remove_locked(l);
		} else if (!overlaps(l, r)) {
			continue;
		} else if (l->start < r->start && l->end > r->end) {
			struct file_lock *tail = *spare;
			*spare = NULL;
			*tail = *l;
			tail->start = r->end + 1;
			l->end = r->start - 1;
			lock_add_locked(i, tail);
		} else if (l->start < r->start) {
			l->end = r->start - 1;
		} else if (l->end > r->end) {
			l->start = r->end + 1;
		} else {
			lock_remove_locked(l);
		}
	}
}

/* One attempt. 0; -EAGAIN: *blocker has it; or -ENOLCK. */
static int lock_try(struct inode *i, const struct file_lock *wanted, const void **blocker)
{
	struct file_lock *made = slab_alloc(&file_lock_cache), *spare = slab_alloc(&file_lock_cache);
	int err = 0;

	if (!made || !spare) {
		slab_free(&file_lock_cache, made);
		slab_free(&file_lock_cache, spare);
		return -ENOLCK;
	}
	*made = *wanted;
	spin_lock(&locks_lock);
	struct file_lock *other = wanted->type == F_UNLCK ? NULL : conflict_locked(i, wanted);
	if (other) {
		*blocker = blocker_of(other);
		err = -EAGAIN;
	} else {
		carve_locked(i, made, &spare);
		if (made->type != F_UNLCK) {
			lock_add_locked(i, made);
			made = NULL;
		}
	}
	spin_unlock(&locks_lock);
	slab_free(&file_lock_cache, made);
	slab_free(&file_lock_cache, spare);
	if (!err)
		wake_up_all(&locks_wait);
	return err;
}

/* Nobody is in the way any more, or another than was. */
static bool has_changed(struct inode *i, const struct file_lock *r, const void *blocker)
{
	spin_lock(&locks_lock);
	const struct file_lock *l = conflict_locked(i, r);
	bool has = !l || blocker_of(l) != blocker;
	spin_unlock(&locks_lock);
	return has;
}

/* Waits until it makes sense to try again. Edges are kept for POSIX locks only, as on Linux. */
static int lock_sleep(struct inode *i, const struct file_lock *r, const void *blocker)
{
	struct lock_wait w = { .inode = i, .request = r };

	spin_lock(&locks_lock);
	if (r->kind == LOCK_POSIX && blocker) {
		w.owner = r->owner;
		w.blocker = blocker;
	}
	bool is_deadlock = w.owner && is_deadlock_locked(w.owner, w.blocker);
	if (!is_deadlock)
		list_push_back(&waits, &w.node);
	spin_unlock(&locks_lock);
	if (is_deadlock)
		return -EDEADLK;
	int err = wait_event_interruptible(&locks_wait, has_changed(i, r, blocker));
	spin_lock(&locks_lock);
	list_remove(&w.node);
	spin_unlock(&locks_lock);
	return err;
}

static int lock_set(struct inode *i, const struct file_lock *r, bool may_wait)
{
	const void *blocker = NULL;

	for (;;) {
		int err = lock_try(i, r, &blocker);
		if (err != -EAGAIN || !may_wait)
			return err;
		err = lock_sleep(i, r, blocker);
		if (err)
			return err;
	}
}

static void drop_all(struct inode *i, const void *owner, bool is_posix)
{
	struct file_lock *l, *next;

	if (!i || list_is_empty(&i->posix_locks))
		return;
	spin_lock(&locks_lock);
	list_for_each_safe(l, next, &i->posix_locks, node) {
		if (l->owner == owner && (l->kind == LOCK_POSIX) == is_posix)
			lock_remove_locked(l);
	}
	spin_unlock(&locks_lock);
	wake_up_all(&locks_wait);
}

void locks_drop_posix(struct inode *i, struct files *owner) { drop_all(i, owner, true); }
void locks_drop_file(struct file *f) { drop_all(f->inode, f, false); }

/* -- flock(2) -- */
long sys_flock(int fd, int op)
{
	enum { SHARED = 1, EXCLUSIVE = 2, NO_WAIT = 4, UNLOCK = 8 };
	struct file_lock r = { .kind = LOCK_FLOCK, .end = OFFSET_END, .pid = current->tgid };
	int how = op & ~NO_WAIT;

	if (how != SHARED && how != EXCLUSIVE && how != UNLOCK)
		return -EINVAL;
	struct file *f = fd_get(fd);
	if (!f)
		return -EBADF;
	r.owner = f;
	r.type = how == SHARED ? F_RDLCK : how == EXCLUSIVE ? F_WRLCK : F_UNLCK;
	long err = -EBADF;
	if (how == UNLOCK || (f->mode & (FMODE_READ | FMODE_WRITE))) {
		err = lock_set(f->inode, &r, false);
		if (err == -EAGAIN) {
			/* A conversion gives the old lock up before it waits. */
			struct file_lock none = r;
			none.type = F_UNLCK;
			err = lock_set(f->inode, &none, false);
			if (!err)
				err = lock_set(f->inode, &r, !(op & NO_WAIT));
		}
	}
	file_put(f);
	return err;
}

/* -- fcntl(2) -- */
/* The user's struct as a request. 0, -EINVAL, -EOVERFLOW. */
static int request_from_user(struct file *f, const struct flock *u, struct file_lock *r)
{
	loff start = u->l_start, base = 0;

	if (u->l_type != F_RDLCK && u->l_type != F_WRLCK && u->l_type != F_UNLCK)
		return -EINVAL;
	if (u->l_whence == 1)
		base = f->pos;
	else if (u->l_whence == 2)
		base = (loff)f->inode->size;
	else if (u->l_whence != 0)
		return -EINVAL;
	if (start > OFFSET_END - base)
		return -EOVERFLOW;
	start += base;
	if (start < 0)
		return -EINVAL;
	r->end = OFFSET_END;
	if (u->l_len > 0) {
		if (u->l_len - 1 > OFFSET_END - start)
			return -EOVERFLOW;
		r->end = start + u->l_len - 1;
	} else if (u->l_len < 0) {
		if (start + u->l_len < 0)
			return -EINVAL;
		r->end = start - 1;
		start += u->l_len;
	}
	r->start = start;
	r->type = u->l_type;
	return 0;
}

/* A process's number as current knows it; 0: it does not. */
static int pid_seen(int number)
{
	if (current_pid_ns() == &first_pid_ns)
		return number;
	struct pid *p = pid_find(number, &first_pid_ns);
	int seen = pid_number_in(p, current_pid_ns());
	pid_put(p);
	return seen;
}

static long lock_get(struct file *f, const struct file_lock *r, struct flock *u)
{
	struct file_lock found;

	if (r->type == F_UNLCK)
		return -EINVAL;
	spin_lock(&locks_lock);
	struct file_lock *l = conflict_locked(f->inode, r);
	if (l)
		found = *l;
	spin_unlock(&locks_lock);
	u->l_type = F_UNLCK;
	if (!l)
		return 0;
	u->l_type = found.type;
	u->l_whence = 0;
	u->l_start = found.start;
	u->l_len = found.end == OFFSET_END ? 0 : found.end - found.start + 1;
	u->l_pid = found.kind == LOCK_OFD ? -1 : pid_seen(found.pid);
	return 0;
}

static int check_mode(const struct file *f, const struct file_lock *r)
{
	if ((r->type == F_RDLCK && !(f->mode & FMODE_READ)) || (r->type == F_WRLCK && !(f->mode & FMODE_WRITE)))
		return -EBADF;
	return 0;
}

static long lock_change(struct file *f, int fd, const struct file_lock *r, bool may_wait)
{
	if (r->kind == LOCK_POSIX)
		WRITE_ONCE(current->files->has_locks, true);
	long err = lock_set(f->inode, r, may_wait);
	if (err || r->type == F_UNLCK || r->kind != LOCK_POSIX)
		return err;
	/* Another thread may have closed the descriptor meanwhile, when there was no lock to drop yet. */
	struct file *now = fd_get_raw(fd);
	if (now != f) {
		locks_drop_posix(f->inode, current->files);
		err = -EBADF;
	}
	if (now)
		file_put(now);
	return err;
}

long locks_fcntl(struct file *f, int fd, int cmd, unsigned long arg)
{
	bool is_ofd = cmd == F_OFD_GETLK || cmd == F_OFD_SETLK || cmd == F_OFD_SETLKW;
	bool gets = cmd == F_GETLK || cmd == F_OFD_GETLK;
	struct file_lock r = {
		.kind = is_ofd ? LOCK_OFD : LOCK_POSIX,
		.owner = is_ofd ? (const void *)f : current->files,
		.pid = current->tgid,
	};
	struct flock u;

	if (copy_from_user(&u, arg, sizeof(u)))
		return -EFAULT;
	long err = request_from_user(f, &u, &r);
	if (!err && !gets)
		err = check_mode(f, &r);
	if (!err && is_ofd && u.l_pid)
		err = -EINVAL;
	if (err)
		return err;
	if (!gets)
		return lock_change(f, fd, &r, cmd == F_SETLKW || cmd == F_OFD_SETLKW);
	err = lock_get(f, &r, &u);
	return err ? err : copy_to_user(arg, &u, sizeof(u));
}

/* -- /proc/locks -- */
static void show_one(struct text *t, unsigned number, const struct file_lock *l, const struct inode *i, bool waits_for)
{
	static const char *const kinds[] = { "FLOCK ", "POSIX ", "OFDLCK" };

	text_print(t, "%u: %s%s ADVISORY  %s %d %02x:%02x:%lu %ld ", number, waits_for ? "-> " : "", kinds[l->kind],
		   l->type == F_WRLCK ? "WRITE" : "READ", l->kind == LOCK_OFD ? -1 : pid_seen(l->pid), dev_major(i->sb->dev),
		   dev_minor(i->sb->dev), (unsigned long)i->ino, (long)l->start);
	if (l->end == OFFSET_END)
		text_print(t, "EOF\n");
	else
		text_print(t, "%ld\n", (long)l->end);
}

void locks_show(struct text *t)
{
	const struct file_lock *l;
	const struct lock_wait *w;
	unsigned number = 0;

	spin_lock(&locks_lock);
	list_for_each(l, &all_locks, all_node) {
		show_one(t, ++number, l, l->inode, false);
		list_for_each(w, &waits, node)
			if (w->inode == l->inode && conflict_locked(l->inode, w->request) == l)
				show_one(t, number, w->request, l->inode, true);
	}
	spin_unlock(&locks_lock);
}
