/* director.c: gives the orders, waits until nobody runs, and prints what was said and what changed. */
#include "differ.h"
#include <asm/prctl.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PATIENCE_NS 20000000000ll	/* a call that runs longer hangs */
#define FIELDS 40
#define FIELD 100

static struct output *out;
/* What was seen of each agent at last: its fields of /proc, by number, as text. */
static char seen[AGENTS][FIELDS][FIELD];
static char state[AGENTS], baseline[FIELDS][FIELD];

__attribute__((format(printf, 1, 2))) static void print(const char *format, ...)
{
	char line[6000];
	va_list list;
	va_start(list, format);
	size_t n = (size_t)vsnprintf(line, sizeof line, format, list);
	va_end(list);
	if (n >= sizeof line)
		n = sizeof line - 1;
	if (out->length + n >= out->size && !(out->text = realloc(out->text, out->size = (out->length + n) * 2 + 4096)))
		abort();
	memcpy(out->text + out->length, line, n + 1);
	out->length += n;
}

static long long now_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ll + t.tv_nsec;
}

enum file { STAT, STATUS, PROC_FILES };
static int files[AGENTS][PROC_FILES], file_pid[AGENTS];
static char stat_text[AGENTS][512];	/* as the last look found it */

/* The files stay open: a look is one read. */
static int read_proc(int i, enum file file, char *to, int size)
{
	static const char *const names[] = {"stat", "status"};
	if (file_pid[i] != world->box[i].pid) {
		for (int f = 0; f < PROC_FILES; f++) {
			char path[64];
			if (files[i][f] > 0)
				close(files[i][f]);
			snprintf(path, sizeof path, "/proc/%d/%s", world->box[i].pid, names[f]);
			files[i][f] = world->box[i].pid > 0 ? open(path, O_RDONLY | O_CLOEXEC) : -1;
		}
		file_pid[i] = world->box[i].pid;
	}
	ssize_t n = files[i][file] < 0 ? -1 : pread(files[i][file], to, (size_t)size - 1, 0);
	to[n < 0 ? 0 : n] = 0;
	return (int)n;
}

/* R, S, D, T, t, Z as /proc says; - when it is gone. */
static char state_now(int i)
{
	if (read_proc(i, STAT, stat_text[i], sizeof stat_text[i]) <= 0)
		return '-';
	char *end = strrchr(stat_text[i], ')');
	char c = end ? end[2] : '?';
	return c == 'X' ? '-' : c;
}

/* A child that was stopped before it could say its number: the one process that nobody knows and whose parent somebody is. */
static void find_unborn(void)
{
	int unborn = 0;
	for (int i = 0; i < world->born; i++)
		unborn += !world->box[i].pid;
	if (!unborn)
		return;
	DIR *proc = opendir("/proc");
	for (struct dirent *d; proc && (d = readdir(proc));) {
		int pid = atoi(d->d_name), ppid = 0, known = pid <= world->director;
		char path[300], text[1024], *end;
		for (int i = 0; i < world->born; i++)
			known |= world->box[i].pid == pid;
		snprintf(path, sizeof path, "/proc/%d/stat", pid);
		if (known || slurp(path, text, sizeof text) <= 0 || !(end = strrchr(text, ')')))
			continue;
		sscanf(end + 4, "%d", &ppid);
		for (int i = -1; i < world->born; i++)
			if (ppid == (i < 0 ? world->director : world->box[i].pid)) {
				who_outside(pid);
				break;
			}
	}
	if (proc)
		closedir(proc);
}

/* Waits until every agent sleeps, is stopped or is dead; two looks in a row must say the same, and more when one sleeps in
 * what it was told to do, for it may be about to go on. */
static bool settle(int actor)
{
	long long start = now_ns();
	char last[AGENTS] = "";
	bool sleeps = false;
	for (int calm = 0, slow = 0; calm < (sleeps ? 5 : 2);) {
		int event = __atomic_load_n(&world->event, __ATOMIC_SEQ_CST);
		char now[AGENTS] = "";
		bool running = false, deep = false;
		find_unborn();
		for (int i = 0; i < world->born; i++) {
			now[i] = world->box[i].pid ? state_now(i) : '-';
			running |= now[i] == 'R' || now[i] == '?';
			deep |= now[i] == 'D' || !world->box[i].pid;
		}
		sleeps = actor >= 0 && world->box[actor].busy && (now[actor] == 'S' || now[actor] == 'D');
		running |= memcmp(now, last, sizeof now) != 0;
		memcpy(last, now, sizeof now);
		slow = deep && !running ? slow + 1 : 0;
		calm = running || (deep && slow < 20) ? 0 : calm + 1;
		if (now_ns() - start > PATIENCE_NS) {
			print("hangs:");
			for (int i = 0; i < world->born; i++)
				print(" a%d %c", i, now[i]);
			print("\n");
			return false;
		}
		if (calm == 0 || sleeps)	/* until somebody has finished, but not for long */
			syscall(SYS_futex, &world->event, FUTEX_WAIT, event, &(struct timespec){0, 300000}, 0, 0);
	}
	memcpy(state, last, sizeof state);
	return true;
}

/* -- what /proc says of an agent -- */

enum kind { TEXT, PIDS };
static const struct { const char *name; enum kind kind; } status_fields[] = {
	{"Umask", TEXT}, {"Tgid", PIDS}, {"TracerPid", PIDS}, {"Uid", TEXT}, {"Gid", TEXT}, {"Groups", TEXT}, {"NSpid", PIDS},
	{"NSpgid", PIDS}, {"NSsid", PIDS}, {"SigPnd", TEXT}, {"ShdPnd", TEXT}, {"SigBlk", TEXT}, {"SigIgn", TEXT}, {"SigCgt", TEXT},
	{"CapInh", TEXT}, {"CapPrm", TEXT}, {"CapEff", TEXT}, {"CapBnd", TEXT}, {"CapAmb", TEXT}, {"NoNewPrivs", TEXT},
	{"Seccomp", TEXT}, {"VmLck", TEXT},
};
/* Of stat, by position after the name. */
static const struct { const char *name; int at; enum kind kind; } stat_fields[] = {
	{"state", 0, TEXT}, {"ppid", 1, PIDS}, {"pgrp", 2, PIDS}, {"session", 3, PIDS}, {"tty", 4, TEXT}, {"tpgid", 5, PIDS},
	{"priority", 15, TEXT}, {"nice", 16, TEXT}, {"threads", 17, TEXT}, {"exit_signal", 35, TEXT}, {"rt_priority", 37, TEXT},
	{"policy", 38, TEXT}, {"exit_code", 49, TEXT},
};
#define STATE_FIELD COUNT(status_fields)
#define NAME_FIELD (COUNT(status_fields) + COUNT(stat_fields))
_Static_assert(NAME_FIELD < FIELDS, "room for every field");

/* Numbers of processes by name; below the director's namespace they are the same on each run. */
static void put_pids(char *to, const char *value)
{
	int n = 0;
	to[0] = 0;
	for (char *end; *value; value = end) {
		long pid = strtol(value, &end, 10);
		if (end == value)
			break;
		if (n == 0)
			n += snprintf(to, FIELD, "%s", who_outside(pid));
		else
			n += snprintf(to + n, (size_t)(FIELD - n), " #%ld", pid);
	}
}

static void put(char *to, const char *value, enum kind kind)
{
	if (kind == PIDS)
		put_pids(to, value);
	else
		snprintf(to, FIELD, "%.99s", value);
}

static void look_status(int i, char (*now)[FIELD])
{
	char text[4000], *save;
	if (read_proc(i, STATUS, text, sizeof text) <= 0)
		return;
	size_t f = 0;
	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		char *value = strchr(line, ':');
		if (!value)
			continue;
		*value++ = 0;
		value += strspn(value, " \t");
		for (f = 0; f < COUNT(status_fields); f++)
			if (!strcmp(line, status_fields[f].name))
				put(now[f], value, status_fields[f].kind);
	}
}

static void look_stat(int i, char (*now)[FIELD])
{
	char text[sizeof stat_text[i]], *save;
	strcpy(text, stat_text[i]);
	char *end = strrchr(text, ')'), *name = strchr(text, '(');
	if (!end || !name)
		return;
	*end = 0;
	snprintf(now[NAME_FIELD], FIELD, "%s", name + 1);
	int at = 0;
	for (char *word = strtok_r(end + 2, " \n", &save); word; word = strtok_r(NULL, " \n", &save), at++)
		for (size_t f = 0; f < COUNT(stat_fields); f++)
			if (stat_fields[f].at == at)
				put(now[COUNT(status_fields) + f], word, stat_fields[f].kind);
}

/* Those who did nothing and whose stat is as before are looked at now and then. */
static void print_changes(int i, bool closely)
{
	char now[FIELDS][FIELD] = {""};
	bool first = true, was_here = seen[i][STATE_FIELD][0];
	look_stat(i, now);
	if (!closely && was_here && !memcmp(now[STATE_FIELD], seen[i][STATE_FIELD], sizeof now - sizeof now[0] * STATE_FIELD))
		return;
	look_status(i, now);
	/* A newborn is compared with the first agent as that began. */
	if (!was_here && now[STATE_FIELD][0] && baseline[STATE_FIELD][0])
		memcpy(seen[i], baseline, sizeof baseline);
	else if (was_here && !now[STATE_FIELD][0]) {
		print("  a%d: gone\n", i);
		memset(seen[i], 0, sizeof seen[i]);
		return;
	}
	if (!baseline[STATE_FIELD][0])
		memcpy(baseline, now, sizeof now);
	for (size_t f = 0; f <= NAME_FIELD; f++) {
		const char *name = f < COUNT(status_fields) ? status_fields[f].name :
				   f < NAME_FIELD ? stat_fields[f - COUNT(status_fields)].name : "comm";
		if (!strcmp(seen[i][f], now[f]))
			continue;
		if (first)
			print("  a%d:", i);
		first = false;
		print(" %s [%s]", name, now[f]);
		strcpy(seen[i][f], now[f]);
	}
	if (!first)
		print("\n");
}

static void print_step(int actor)
{
	bool spoke[AGENTS];
	for (int k = 0; k < world->born; k++) {
		int i = k == 0 ? actor : k <= actor ? k - 1 : k;	/* the actor first */
		if (actor < 0)
			i = k;
		spoke[i] = world->box[i].text_length;
		struct box *b = &world->box[i];
		if (b->text_length)
			print("  a%d says: %.*s%s\n", i, b->text_length, b->text,
			      !b->busy ? "" : state[i] == '-' || state[i] == 'Z' ? " ... ends" : " ... waits");
		b->text_length = 0;
	}
	for (int i = 0; i < world->born; i++)
		print_changes(i, spoke[i] || world->step % 4 == 0 || world->step > 25);
}

/* -- orders -- */

/* An area's own operations are drawn most of the time; the last areas mix everything. */
static int draw_op(int areas)
{
	int total = 0;
	for (int i = 0; i < op_count; i++)
		total += ops[i].areas & areas ? ops[i].weight : 0;
	int n = (int)draw((unsigned)total);
	for (int i = 0; i < op_count; i++) {
		n -= ops[i].areas & areas ? ops[i].weight : 0;
		if (n < 0)
			return i;
	}
	return 0;
}

static void nudge(void)
{
	static const int signals[] = {SIGCONT, SIGCONT, SIGUSR1, SIGTERM, SIGKILL, SIGSTOP, SIGCHLD};
	int i = (int)draw((unsigned)world->born), sig = PICK(signals), pid = world->box[i].pid;
	print("%d D kill(a%d, %d)", world->step, i, sig);
	long r = pid > 0 ? sys(SYS_kill, pid, sig) : -ESRCH;
	print(" = %s\n", r ? error_name(r) : "0");
}

/* Whoever is frozen sleeps, but does not listen. */
static void find_frozen(bool *frozen)
{
	static const char *const groups[] = {CGROUPS "/c1", CGROUPS "/c2", CGROUPS "/c1/c3"};
	for (size_t g = 0; world->freezes && g < COUNT(groups); g++) {
		char path[100], text[1000];
		snprintf(path, sizeof path, "%s/cgroup.events", groups[g]);
		if (slurp(path, text, sizeof text) <= 0 || !strstr(text, "frozen 1"))
			continue;
		for (int i = 0; i < world->born; i++) {
			snprintf(path, sizeof path, "/proc/%d/cgroup", world->box[i].pid);
			if (slurp(path, text, sizeof text) > 0 && (text[strcspn(text, "\n")] = 0, strstr(text, groups[g] + sizeof CGROUPS - 1)))
				frozen[i] = true;
		}
	}
}

static bool one_step(int areas)
{
	bool frozen[AGENTS] = {false};
	find_frozen(frozen);
	int idle[AGENTS], n = 0, alive = 0, actor = -1;
	for (int i = 0; i < world->born; i++) {
		if (world->box[i].pid > 0 && state[i] == 'S' && !world->box[i].busy && !frozen[i])
			idle[n++] = i;
		alive += state[i] != '-' && state[i] != 'Z';
	}
	if (!alive)
		return false;
	if (!n || chance(6))
		nudge();
	else {
		struct box *b = &world->box[actor = idle[draw((unsigned)n)]];
		b->op = draw_op(areas);
		b->busy = 1;
		print("%d a%d %s\n", world->step, actor, ops[b->op].name);
		__atomic_store_n(&b->go, 1, __ATOMIC_SEQ_CST);
		sys(SYS_futex, &b->go, FUTEX_WAKE, 1);
	}
	bool settled = settle(actor);
	print_step(actor);
	return settled;
}

static void end_all(void)
{
	long long start = now_ns();
	for (;;) {
		for (int i = 0; i < world->born; i++)
			if (world->box[i].pid > 0)
				kill(world->box[i].pid, SIGKILL);
		pid_t got = waitpid(-1, NULL, __WALL | WNOHANG);
		if (got < 0)
			return;
		if (got == 0)
			usleep(200);
		if (now_ns() - start > PATIENCE_NS) {
			print("cannot be ended\n");
			return;
		}
	}
}

static const int mixes[] = {PROCESS, PROCESS | SIGNAL, PROCESS | JOBS, PROCESS | TRACE, PROCESS | CRED, FILES | PROCESS, MEMORY | PROCESS,
			    SCHED | PROCESS, SPACES | PROCESS, PROCESS | SIGNAL | TRACE | JOBS, EVERY, JOBS, FAULTS, FAULTS | MEMORY, GROUPS, FUTEX,
			    TRACE, TRACE | FAULTS, SIGNAL | JOBS, GROUPS | TRACE, FUTEX | TRACE | SCHED};

/* The groups that a seed has made, also those that it has filled or closed. */
static void remove_groups(void)
{
	static const char *const groups[] = {CGROUPS "/c1/c3", CGROUPS "/c2", CGROUPS "/c1"};
	for (size_t g = 0; g < COUNT(groups); g++)
		for (int tries = 0; rmdir(groups[g]) && errno == EBUSY && tries < 1000; tries++)
			usleep(1000);
	static const char *const values[][2] = {{"subtree_control", "+pids"}, {"max.descendants", "max"}, {"max.depth", "max"}};
	for (size_t v = 0; v < COUNT(values); v++) {
		char path[100];
		snprintf(path, sizeof path, CGROUPS "/cgroup.%s", values[v][0]);
		int fd = open(path, O_WRONLY | O_CLOEXEC);
		if (fd >= 0 && write(fd, values[v][1], strlen(values[v][1])) < 0)
			print("%s: %s\n", path, strerrorname_np(errno));
		close(fd);
	}
}

static void make_groups(void)
{
	if (mkdir(CGROUPS "/c1", 0755) || mkdir(CGROUPS "/c2", 0755))
		print("groups: %s\n", strerrorname_np(errno));
}

static void put_at(int fd, int at)
{
	if (fd < 0 || dup2(fd, at) < 0)
		abort();
	close(fd);
}

/* A terminal and a pipe that every agent inherits. */
static void open_shared(void)
{
	int ends[2];
	put_at(open(HOME "/pts/ptmx", O_RDWR | O_NONBLOCK | O_NOCTTY), TTY_MASTER);
	ioctl(TTY_MASTER, TIOCSPTLCK, &(int){0});
	put_at(open(HOME "/pts/0", O_RDWR | O_NOCTTY), TTY_SLAVE);
	put_at(open(HOME "/pts/0", O_RDWR | O_NONBLOCK | O_NOCTTY), TTY_SLAVE_NOW);
	if (pipe2(ends, O_NONBLOCK))
		abort();
	put_at(ends[0], HOOKED_READ);
	put_at(ends[1], HOOKED_WRITE);
}

/* In a process of its own, which ends with it. */
void director_run(uint64_t seed, int steps, int mix, struct output *to)
{
	out = to;
	memset(world, 0, sizeof *world);
	world->random = (seed + 1) * 0x9e3779b97f4a7c15;
	world->director = getpid();
	strcpy(world->self, HOME "/agent");
	for (int i = 0; i < 10; i++)
		draw(2);
	/* What a kernel makes of the machine's memory is the same everywhere. */
	setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
	setrlimit(RLIMIT_NPROC, &(struct rlimit){1000, 1000});
	setrlimit(RLIMIT_SIGPENDING, &(struct rlimit){1000, 1000});
	setrlimit(RLIMIT_MEMLOCK, &(struct rlimit){1 << 20, 1 << 20});
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	unshare(CLONE_NEWUTS | CLONE_NEWIPC);	/* what one seed leaves behind is gone with it */
	remove_groups();
	make_groups();
	open_shared();
	int first = agent_new();
	fflush(NULL);
	world->box[first].busy = 1;
	pid_t pid = fork();
	if (pid == 0) {
		setsid();
		agent_run(first, "first");
	}
	world->box[first].pid = pid;
	int areas = mixes[(mix >= 0 ? (uint64_t)mix : seed) % COUNT(mixes)];
	if (settle(0)) {
		print_step(0);
		while (world->step++ < steps && one_step(areas))
			;
	}
	end_all();
	remove_groups();
}
