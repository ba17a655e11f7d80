/*
 * fs/files_test.c: the room "files" against plain arrays: many processes fork, open, close, dup, exec and exit at
 * random, and at every moment each sees exactly its own descriptors; every file's count is what the tables hold, and a
 * file is released with the last descriptor of the last process that could see it.
 */
#include "arch/host/host.h"
#include "fs/internal.h"
#include "fs/notify.h"
#include "fs/fd_table.h"
#include "mm/slab.h"
#include "task/task.h"
#include <linux/close_range.h>
#include <linux/resource.h>

#define PROCESSES 12
#define NUMBERS 200
#define OBJECTS 64

struct seen { int object; bool cloexec; };	/* object -1: closed */
struct process {
	struct task task;
	struct signal signal;
	bool lives;
	int group;		/* of processes that share one handle; their model is the leader's */
	struct seen fds[NUMBERS];
};
static struct process processes[PROCESSES];
static struct file objects[OBJECTS];
static bool object_lives[OBJECTS];
static int posix_drops;
struct spinlock tasklist_lock;

void file_put(struct file *f)
{
	if (refcount_dec(&f->count))
		object_lives[f - objects] = false;
}
void locks_drop_posix(struct inode *i, struct files *owner) { posix_drops++; }
void dnotify_forget(struct file *f, const struct files *owner) { }
bool oom_kill(void) { return false; }

static struct process *model_of(struct process *p) { return &processes[p->group]; }

static void become(struct process *p) { host_set_current(&p->task); }

static struct process *any_living(void)
{
	struct process *p;
	do
		p = &processes[test_random_below(PROCESSES)];
	while (!p->lives);
	return p;
}

static int free_object(void)
{
	for (int i = 0; i < OBJECTS; i++) {
		if (!object_lives[i])
			return i;
	}
	return -1;
}

static int model_first_free(struct process *m, int from)
{
	while (m->fds[from].object >= 0)
		from++;
	return from;
}

/* -- operations, each on the room and on the model -- */
static void do_open(struct process *p)
{
	int o = free_object();
	bool cloexec = test_random_below(3) == 0;
	struct process *m = model_of(p);

	if (o < 0)
		return;
	int from = test_random_below(4) ? 0 : (int)test_random_below(NUMBERS / 2);
	int want = model_first_free(m, from);
	refcount_set(&objects[o].count, 1);
	object_lives[o] = true;
	int fd = fd_install_from(&objects[o], (u32)from, cloexec ? O_CLOEXEC : 0);
	if (want >= NUMBERS - 20) {
		CHECK(fd == -EMFILE);
		file_put(&objects[o]);
		return;
	}
	CHECK(fd == want);
	m->fds[fd] = (struct seen){ o, cloexec };
}

static void do_close(struct process *p)
{
	int fd = (int)test_random_below(NUMBERS);
	struct seen *s = &model_of(p)->fds[fd];

	CHECK(fd_close(fd) == (s->object >= 0 ? 0 : -EBADF));
	s->object = -1;
}

static void do_dup2(struct process *p)
{
	int from = (int)test_random_below(NUMBERS), to = (int)test_random_below(NUMBERS - 20);
	struct process *m = model_of(p);
	struct file *f = fd_get_raw(from);

	CHECK(!f == (m->fds[from].object < 0));
	if (!f)
		return;
	CHECK(fd_replace(to, f, O_CLOEXEC) == to);
	m->fds[to] = (struct seen){ m->fds[from].object, true };
}

static void do_set_cloexec(struct process *p)
{
	int fd = (int)test_random_below(NUMBERS);
	struct seen *s = &model_of(p)->fds[fd];
	bool on = test_random_below(2);

	CHECK(fd_set_cloexec(fd, on) == (s->object >= 0 ? 0 : -EBADF));
	s->cloexec = on;
}

static void do_reserve_across_fork(struct process *p)
{
	struct process *m = model_of(p);
	int want = model_first_free(m, 0), fd = fd_reserve(0);

	if (want >= NUMBERS - 20) {
		CHECK(fd == -EMFILE);
		return;
	}
	CHECK(fd == want && !fd_get_raw(fd));
	struct files *child = files_copy(p->task.files);
	CHECK(child && !files_get_file(child, fd) && child->table != p->task.files->table);
	files_put(child);
	fd_unreserve(fd);
}

static void do_fork(struct process *p)
{
	for (int i = 0; i < PROCESSES; i++) {
		struct process *c = &processes[i];
		if (c->lives)
			continue;
		struct process *m = model_of(p);
		bool shares = test_random_below(4) == 0;
		c->lives = true;
		c->task.signal = &c->signal;
		c->signal.limits[RLIMIT_NOFILE].current_limit = NUMBERS - 20;
		if (shares) {
			refcount_inc(&p->task.files->count);
			c->task.files = p->task.files;
			c->group = p->group;
		} else {
			struct fd_table *before = p->task.files->table;
			c->task.files = files_copy(p->task.files);
			CHECK(c->task.files && c->task.files->table == before);	/* no copy was made */
			c->group = i;
			memcpy(c->fds, m->fds, sizeof(c->fds));
		}
		return;
	}
}

/* A group's model lies with one member; when that one leaves, another takes it over. */
static void leave_group(struct process *p)
{
	int self = (int)(p - processes), heir = -1;

	for (int i = 0; i < PROCESSES; i++) {
		if (i == self || !processes[i].lives || processes[i].group != p->group)
			continue;
		if (heir < 0) {
			heir = p->group == self ? i : p->group;
			if (p->group == self)
				memcpy(processes[heir].fds, p->fds, sizeof(p->fds));
		}
		if (p->group == self)
			processes[i].group = heir;
	}
}

static void do_exit(struct process *p)
{
	int living = 0;

	for (int i = 0; i < PROCESSES; i++)
		living += processes[i].lives;
	if (living == 1)
		return;
	leave_group(p);
	files_put(p->task.files);
	p->task.files = NULL;
	p->lives = false;
}

static void do_exec(struct process *p)
{
	struct seen now[NUMBERS];

	memcpy(now, model_of(p)->fds, sizeof(now));
	leave_group(p);
	CHECK(files_exec(&p->task) == 0);
	p->group = (int)(p - processes);
	memcpy(p->fds, now, sizeof(now));
	for (int i = 0; i < NUMBERS; i++) {
		if (p->fds[i].cloexec)
			p->fds[i].object = -1;
	}
}

static void do_close_range(struct process *p)
{
	unsigned first = (unsigned)test_random_below(NUMBERS), last = first + (unsigned)test_random_below(40);
	bool unshares = test_random_below(2), marks = test_random_below(2);
	struct seen now[NUMBERS];

	memcpy(now, model_of(p)->fds, sizeof(now));
	if (unshares) {
		leave_group(p);
		p->group = (int)(p - processes);
		memcpy(p->fds, now, sizeof(now));
	}
	CHECK(files_close_range(first, last, (unshares ? CLOSE_RANGE_UNSHARE : 0) | (marks ? CLOSE_RANGE_CLOEXEC : 0)) == 0);
	for (unsigned i = first; i <= last && i < NUMBERS; i++) {
		if (marks)
			model_of(p)->fds[i].cloexec = true;
		else
			model_of(p)->fds[i].object = -1;
	}
}

/* -- the check -- */
static void check_one(struct process *p)
{
	struct process *m = model_of(p);

	become(p);
	for (int fd = 0; fd < NUMBERS; fd++) {
		struct file *f = fd_get_raw(fd);
		CHECK(f == (m->fds[fd].object < 0 ? NULL : &objects[m->fds[fd].object]));
		if (!f)
			continue;
		CHECK(fd_get_cloexec(fd) == m->fds[fd].cloexec);
		file_put(f);
	}
}

/* An object lives exactly as long as somebody sees it. */
static void check_all(void)
{
	bool seen[OBJECTS] = { false };

	for (int i = 0; i < PROCESSES; i++) {
		if (!processes[i].lives)
			continue;
		check_one(&processes[i]);
		for (int fd = 0; fd < NUMBERS; fd++) {
			if (model_of(&processes[i])->fds[fd].object >= 0)
				seen[model_of(&processes[i])->fds[fd].object] = true;
		}
	}
	for (int i = 0; i < OBJECTS; i++)
		CHECK(seen[i] == object_lives[i]);
}

static void test_random_processes(void)
{
	static void (*const operations[])(struct process *) = {
		do_open, do_open, do_open, do_close, do_close, do_dup2, do_set_cloexec, do_fork, do_fork, do_exit, do_exec,
		do_close_range, do_reserve_across_fork,
	};

	for (int step = 0; step < 40000; step++) {
		struct process *p = any_living();
		become(p);
		operations[test_random_below(ARRAY_SIZE(operations))](p);
		if (step % 16 == 0)
			check_all();
	}
}

/* The handle's death drops its record locks, though the table lives on. */
static void test_locks_go_with_the_handle(void)
{
	struct process *p = any_living();

	become(p);
	struct files *child = files_copy(p->task.files);
	do_open(p);
	struct files *second = files_copy(p->task.files);
	second->has_locks = true;
	posix_drops = 0;
	int open = 0;
	for (int fd = 0; fd < NUMBERS; fd++)
		open += model_of(p)->fds[fd].object >= 0;
	files_put(second);
	CHECK(posix_drops == open);
	posix_drops = 0;
	files_put(child);
	CHECK(posix_drops == 0);
}

int main(void)
{
	host_init(32);
	for (int i = 0; i < PROCESSES; i++) {
		for (int fd = 0; fd < NUMBERS; fd++)
			processes[i].fds[fd].object = -1;
	}
	struct process *first = &processes[0];
	first->lives = true;
	first->task.signal = &first->signal;
	first->signal.limits[RLIMIT_NOFILE].current_limit = NUMBERS - 20;
	first->task.files = files_new();
	TEST_RUN(test_random_processes);
	TEST_RUN(test_locks_go_with_the_handle);
	return test_end();
}
