/*
 * account.c: a script of forks, writes, mappings and exits, and after each step what /proc and getrusage say of every process.
 *   account           prints "STEP WHO PLACE FIELD=VALUE..." for what changed, so that two kernels can be compared
 *   account fields    prints the names and their order in the files of /proc: FILE NAME
 * A word of the script tells one process (subject.c) to do one thing; this process only watches. Values that no two kernels
 * can share (addresses, process numbers, times) are not printed. Committed_AS is told as the difference from the step before.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include "account.h"

void fields_print(void);
const char *const account_files[2] = { "/tmp/account-file", "memory" };

static struct subject {
	pid_t pid;
	int is_thread, is_asleep;	/* asleep: its vfork child has not gone yet */
	struct { unsigned long start, bytes; } regions[REGIONS];
	struct answer last;
	long minor, child_minor;	/* as told before */
} subjects[SUBJECTS];
static const char *const region_names[REGIONS] = { "none", "private", "shared", "file-private", "file-shared", "memfd-private",
	"memfd-shared", "more", "guard", "one", "two" };

static void fail(const char *what)
{
	fprintf(stderr, "account: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* -- what is printed: only what is not as it was -------------------------------------------------------------------- */
struct seen { struct seen *next; char *key, value[256]; };
static struct seen *table[4096];
static char line_head[64], line[8192];

static int is_news(const char *place, const char *field, const char *value)
{
	char key[256];
	unsigned h = 0;

	snprintf(key, sizeof key, "%s %s %s", strchr(line_head, ' '), place, field);
	for (const char *p = key; *p; p++)
		h = h * 31 + (unsigned char)*p;
	struct seen **slot = &table[h % 4096], *s = *slot;
	while (s && strcmp(s->key, key))
		s = s->next;
	if (!s) {
		s = calloc(1, sizeof *s);
		s->key = strdup(key);
		s->next = *slot;
		*slot = s;
	}
	if (!strcmp(s->value, value))
		return 0;
	snprintf(s->value, sizeof s->value, "%s", value);
	return 1;
}

/* A place that is gone: what was said of it holds no more. */
static void forget(const char *place)
{
	char key[128];

	snprintf(key, sizeof key, "%s %s ", strchr(line_head, ' '), place);
	for (int h = 0; h < 4096; h++)
		for (struct seen *s = table[h]; s; s = s->next)
			if (!strncmp(s->key, key, strlen(key)))
				s->value[0] = 0;
	printf("%s %s gone\n", line_head, place);
}

static void note(const char *place, const char *field, const char *value)
{
	size_t n = strlen(line);

	if (is_news(place, field, value))
		snprintf(line + n, sizeof line - n, " %s=%s", field, value);
}

static void note_number(const char *place, const char *field, long value)
{
	char text[32];

	snprintf(text, sizeof text, "%ld", value);
	note(place, field, text);
}

static void line_end(const char *place)
{
	if (line[0])
		printf("%s %s%s\n", line_head, place, line);
	line[0] = 0;
}

/* -- the files ------------------------------------------------------------------------------------------------------ */
static char *contents(pid_t pid, const char *name)
{
	static char text[1 << 18];
	char path[64];
	size_t used = 0;
	ssize_t n;

	if (pid)
		snprintf(path, sizeof path, "/proc/%d/%s", pid, name);
	else
		snprintf(path, sizeof path, "/proc/%s", name);
	int fd = open(path, O_RDONLY);
	if (fd < 0)
		fail(path);
	while ((n = read(fd, text + used, sizeof text - 1 - used)) > 0)
		used += n;
	close(fd);
	text[used] = 0;
	return text;
}

/* The vDSO and its data: how large they are, and whether their pages are counted, is each kernel's own. In kB. */
static long vdso_size, vdso_code, vdso_resident;

static long without_vdso(const char *field, long value)
{
	if (!strcmp(field, "VmLib"))
		return value - vdso_code;
	if (!strcmp(field, "VmPeak") || !strcmp(field, "VmSize"))
		return value - vdso_size;
	if (!strcmp(field, "VmRSS") || !strcmp(field, "VmHWM") || !strcmp(field, "RssFile"))
		return value - vdso_resident;
	return value;
}

static void watch_status(pid_t pid)
{
	char *text = contents(pid, "status"), *rest, *colon;

	for (char *l = strtok_r(text, "\n", &rest); l; l = strtok_r(NULL, "\n", &rest)) {
		if ((strncmp(l, "Vm", 2) && strncmp(l, "Rss", 3) && strncmp(l, "Threads", 7)) || !(colon = strchr(l, ':')))
			continue;
		*colon = 0;
		note_number("status", l, without_vdso(l, atol(colon + 1)));
	}
	line_end("status");
}

static void watch_statm(pid_t pid)
{
	static const char *const names[] = { "size", "resident", "shared", "text", "lib", "data", "dirty" };
	char *p = contents(pid, "statm");

	for (int i = 0; i < 7; i++) {
		long less = i == 0 ? vdso_size : i < 3 ? vdso_resident : 0;
		note_number("statm", names[i], strtol(p, &p, 10) - less / 4);
	}
	line_end("statm");
}

/* Which of the observed places a mapping is. */
static const char *place_of(const struct subject *s, unsigned long start, const char *rights, const char *name)
{
	static char part[32];

	for (int i = 1; i < REGIONS; i++)
		if (start >= s->regions[i].start && start < s->regions[i].start + s->regions[i].bytes)
			return region_names[i];
	if (name[0] == '[')
		return name;
	if (!name[0] || !strstr(name, "/account"))
		return "other";
	snprintf(part, sizeof part, "program,%s", rights);
	return part;
}

#define PLACES 24
#define FIELDS 32
/* Sums by place: a region may have been split. */
static struct sums {
	char place[32], fields[FIELDS][24], flags[256];
	long values[FIELDS];
	int count;
} sums[PLACES];

static struct sums *sums_of(const char *place)
{
	int i = 0;

	while (sums[i].place[0] && strcmp(sums[i].place, place))
		i++;
	snprintf(sums[i].place, sizeof sums[i].place, "%s", place);
	return &sums[i];
}

static void add(struct sums *s, const char *field, long value)
{
	int i = 0;

	while (s->fields[i][0] && strcmp(s->fields[i], field))
		i++;
	snprintf(s->fields[i], sizeof s->fields[i], "%s", field);
	s->values[i] += value;
}

/* The rights and VmFlags of one mapping, if the one before has others. sd, written since the last clear_refs, is left out. */
static void add_flags(struct sums *s, const char *rights, char *words)
{
	char text[128], *rest;
	size_t n = strlen(s->flags);

	snprintf(text, sizeof text, "%s", rights);
	for (char *w = strtok_r(words, " ", &rest); w; w = strtok_r(NULL, " ", &rest))
		if (strcmp(w, "sd"))
			snprintf(text + strlen(text), sizeof text - strlen(text), ",%s", w);
	if (n < strlen(text) || strcmp(s->flags + n - strlen(text), text))
		snprintf(s->flags + n, sizeof s->flags - n, "%s%s", n ? "/" : "", text);
}

static long value_of(const char *place, const char *field)
{
	const struct sums *s = sums;
	int i = 0;

	while (s->place[0] && strcmp(s->place, place))
		s++;
	while (i < FIELDS - 1 && strcmp(s->fields[i], field))
		i++;
	return s->values[i];
}

/* What its pages add to the sums of smaps_rollup is taken off there; they are never private or dirty. */
static void count_vdso(const char *file)
{
	if (!strcmp(file, "smaps")) {
		vdso_code = value_of("[vdso]", "Size");
		vdso_size = vdso_code + value_of("[vvar]", "Size");
		vdso_resident = value_of("[vdso]", "Rss");
		return;
	}
	struct sums *s = sums_of("[rollup]");
	add(s, "Rss", -vdso_resident);
	add(s, "Referenced", -vdso_resident);
	add(s, "Shared_Clean", -vdso_resident);
}

static char places[SUBJECTS][PLACES][64];	/* of smaps, one round before */

static void forget_places(const struct subject *who, const char *file)
{
	for (int i = 0; i < PLACES && !strcmp(file, "smaps"); i++) {
		char *place = places[who - subjects][i];
		struct sums *s = sums;
		if (!place[0])
			continue;
		while (s->place[0] && strcmp(s->place, strchr(place, ':') + 1))
			s++;
		if (!s->place[0])
			forget(place);
		place[0] = 0;
	}
}

static void watch_smaps(const struct subject *who, const char *file)
{
	struct sums *s = NULL;
	char *text = contents(who->pid, file), *rest, *colon, name[128], rights[8];
	unsigned long start, end;

	memset(sums, 0, sizeof sums);
	for (char *l = strtok_r(text, "\n", &rest); l; l = strtok_r(NULL, "\n", &rest)) {
		name[0] = 0;
		if (sscanf(l, "%lx-%lx %7s %*s %*s %*s %127s", &start, &end, rights, name) >= 3) {
			s = sums_of(place_of(who, start, rights, name));
			s->count++;
		} else if (s && (colon = strchr(l, ':'))) {
			*colon = 0;
			if (!strcmp(l, "VmFlags"))
				add_flags(s, rights, colon + 1);
			else if (!strstr(l, "PageSize") && strcmp(l, "ProtectionKey"))	/* the CPU's */
				add(s, l, atol(colon + 1));
		}
	}
	count_vdso(file);
	forget_places(who, file);
	for (s = sums; s->place[0]; s++) {
		char place[64];
		snprintf(place, sizeof place, "%s:%s", file, s->place);
		if (!strcmp(file, "smaps"))
			snprintf(places[who - subjects][s - sums], sizeof **places, "%s", place);
		note_number(place, "mappings", s->count);
		for (int i = 0; i < FIELDS && s->fields[i][0]; i++)
			note_number(place, s->fields[i], s->values[i]);
		if (s->flags[0])
			note(place, "flags", s->flags);
		line_end(place);
	}
}

/* Faults are told by step: those of a step before do not show again. */
static void watch_rusage(struct subject *s)
{
	note_number("rusage", "minflt", s->last.minor - s->minor);
	note_number("rusage", "maxrss", s->last.most_kb);
	note_number("rusage", "child_minflt", s->last.child_minor - s->child_minor);
	note_number("rusage", "child_maxrss", s->last.child_most_kb);
	line_end("rusage");
	s->minor = s->last.minor;
	s->child_minor = s->last.child_minor;
}

static void watch_system(const char *step)
{
	static long before;
	char *p = strstr(contents(0, "meminfo"), "Committed_AS:");
	long now = p ? atol(p + 13) : 0;

	if (before)
		printf("%s - meminfo Committed_AS=%+ld\n", step, now - before);
	before = now;
}

/* -- the script ----------------------------------------------------------------------------------------------------- */
static void ask(int who, const struct order *o)
{
	struct subject *s = &subjects[who];

	if (write(ORDERS_FD(who) + 100, o, sizeof *o) != sizeof *o)
		fail("an order");
	if (o->what == EXIT || o->what == VFORK || o->what == EXEC)
		return;
	if (read(ANSWERS_FD(who) + 100, &s->last, sizeof s->last) != sizeof s->last)
		fail("an answer");
	if (o->what != WAIT && o->what != NOTHING)
		s->regions[o->region].start = s->last.start, s->regions[o->region].bytes = s->last.bytes;
}

/* The youngest child. */
static pid_t child_of(pid_t pid)
{
	char name[64], *rest;
	pid_t last = 0;

	snprintf(name, sizeof name, "task/%d/children", pid);
	for (char *p = strtok_r(contents(pid, name), " ", &rest); p; p = strtok_r(NULL, " ", &rest))
		last = atoi(p);
	for (int i = 0; i < SUBJECTS; i++)
		last = subjects[i].pid == last && !subjects[i].is_thread ? 0 : last;
	return last;
}

/* The new subject sees what its parent saw. */
static void begin(int who, int parent, pid_t pid)
{
	subjects[who] = subjects[parent];
	subjects[who].pid = pid;
	subjects[who].is_asleep = 0;
	subjects[who].minor = subjects[who].child_minor = 0;
}

static void look(const char *step)
{
	const struct order nothing = { NOTHING };

	for (int i = 0; i < SUBJECTS; i++)
		if (subjects[i].pid && !subjects[i].is_asleep)
			ask(i, &nothing);
	for (int i = 0; i < SUBJECTS; i++) {
		struct subject *s = &subjects[i];
		if (!s->pid || s->is_thread)
			continue;
		snprintf(line_head, sizeof line_head, "%s %c", step, 'a' + i);
		watch_smaps(s, "smaps");
		watch_status(s->pid);
		watch_statm(s->pid);
		watch_smaps(s, "smaps_rollup");
		if (!s->is_asleep)
			watch_rusage(s);
	}
	watch_system(step);
	fflush(stdout);
}

/* Until it is a zombie or gone; a thread: until the process has one less. */
static void wait_for_end(const struct subject *s)
{
	char path[64], state;

	for (int i = 0; i < 5000; i++, usleep(1000)) {
		snprintf(path, sizeof path, "/proc/%d/stat", s->pid);
		FILE *f = fopen(path, "r");
		int threads = 0, got = f ? fscanf(f, "%*d (%*[^)]) %c %*d %*d %*d %*d %*d %*d %*d %*d %*d %*d %*d %*d %*d %*d %*d"
						  " %*d %d", &state, &threads) : 0;
		if (f)
			fclose(f);
		if (got < 2 || state == 'Z' || (s->is_thread && threads == 1))
			return;
	}
}

static void forget_all(const char *step, int who)
{
	static const char *const files[] = { "status", "statm", "smaps_rollup:[rollup]", "rusage" };

	snprintf(line_head, sizeof line_head, "%s %c", step, 'a' + who);
	for (size_t i = 0; i < sizeof files / sizeof *files; i++)
		forget(files[i]);
	memset(sums, 0, sizeof sums);
	forget_places(&subjects[who], "smaps");
}

static void do_step(const char *name, int who, struct order o)
{
	struct subject *s = &subjects[who];
	int started = o.what == FORK || o.what == VFORK || o.what == THREAD;
	static int parents[SUBJECTS];

	ask(who, &o);
	if (started) {
		begin(o.other, who, o.what == FORK ? s->last.result : s->pid);
		subjects[o.other].is_thread = o.what == THREAD;
		parents[o.other] = who;
		if (o.what == VFORK) {
			s->is_asleep = 1;
			subjects[o.other].pid = 0;
			for (int i = 0; i < 1000 && !(subjects[o.other].pid = child_of(s->pid)); i++)
				usleep(1000);
		}
	} else if (o.what == EXEC || o.what == EXIT) {
		memset(s->regions, 0, sizeof s->regions);
		if (subjects[parents[who]].is_asleep) {	/* it goes on, and says that it has a child */
			subjects[parents[who]].is_asleep = 0;
			if (read(ANSWERS_FD(parents[who]) + 100, &s->last, sizeof s->last) < 0)
				fail("the answer of vfork's caller");
		}
		if (o.what == EXIT) {
			wait_for_end(s);
			if (!s->is_thread)
				forget_all(name, who);
			memset(s, 0, sizeof *s);
		}
	} else if (s->last.result < 0) {
		printf("%s %c error=%ld\n", name, 'a' + who, -s->last.result);
	}
	look(name);
}

enum { A, B, C, D, E, F };
enum { NONE, PRIVATE, SHARED, FILE_P, FILE_S, MEMFD_P, MEMFD_S, MORE, GUARDED, ONE, TWO };
#define RW (PROT_READ | PROT_WRITE)

static const struct step { const char *name; int who; struct order o; } script[] = {
	{ "start", A, { NOTHING } },
	{ "map-private", A, { MAP, PRIVATE, ANON_PRIVATE, 0, 64 } },
	{ "write-private", A, { WRITE, PRIVATE, 0, 0, 40 } },
	{ "read-private", A, { READ, PRIVATE, 0, 0, 50 } },
	{ "map-shared", A, { MAP, SHARED, ANON_SHARED, 0, 32 } },
	{ "write-shared", A, { WRITE, SHARED, 0, 0, 10 } },
	{ "read-shared", A, { READ, SHARED, 0, 10, 5 } },
	{ "map-file-private", A, { MAP, FILE_P, FILE_PRIVATE, 0, 128 } },
	{ "read-file-private", A, { READ, FILE_P, 0, 0, 20 } },
	{ "write-file-private", A, { WRITE, FILE_P, 0, 18, 6 } },
	{ "map-file-shared", A, { MAP, FILE_S, FILE_SHARED, 0, 128 } },
	{ "read-file-shared", A, { READ, FILE_S, 0, 0, 10 } },
	{ "write-file-shared", A, { WRITE, FILE_S, 0, 8, 8 } },
	{ "map-memfd-private", A, { MAP, MEMFD_P, MEMFD_PRIVATE, 0, 96 } },
	{ "write-memfd-private", A, { WRITE, MEMFD_P, 0, 0, 8 } },
	{ "map-memfd-shared", A, { MAP, MEMFD_S, MEMFD_SHARED, 0, 96 } },
	{ "write-memfd-shared", A, { WRITE, MEMFD_S, 0, 0, 8 } },
	{ "fork-b", A, { FORK, 0, B } },
	{ "child-writes", B, { WRITE, PRIVATE, 0, 0, 10 } },
	{ "parent-writes", A, { WRITE, PRIVATE, 0, 5, 10 } },
	{ "child-writes-parents", B, { WRITE, PRIVATE, 0, 10, 5 } },
	{ "child-reads", B, { READ, PRIVATE, 0, 0, 64 } },
	{ "child-writes-new", B, { WRITE, PRIVATE, 0, 44, 8 } },
	{ "child-writes-shared", B, { WRITE, SHARED, 0, 0, 16 } },
	{ "child-writes-file", B, { WRITE, FILE_P, 0, 0, 4 } },
	{ "fork-c", B, { FORK, 0, C } },
	{ "fork-d", C, { FORK, 0, D } },
	{ "third-writes", D, { WRITE, PRIVATE, 0, 20, 5 } },
	{ "second-writes", C, { WRITE, PRIVATE, 0, 22, 6 } },
	{ "first-writes", A, { WRITE, PRIVATE, 0, 20, 4 } },
	{ "third-reads-shared", D, { READ, SHARED, 0, 0, 20 } },
	{ "protect-part", B, { PROTECT, PRIVATE, PROT_READ, 8, 8 } },
	{ "protect-back", B, { PROTECT, PRIVATE, RW, 8, 8 } },
	{ "write-protected", B, { WRITE, PRIVATE, 0, 8, 8 } },
	{ "protect-none", C, { PROTECT, FILE_P, PROT_NONE, 0, 128 } },
	{ "grow", C, { REMAP, PRIVATE, 0, 0, 96 } },
	{ "write-grown", C, { WRITE, PRIVATE, 0, 60, 30 } },
	{ "move", C, { REMAP, PRIVATE, 0, 1024, 100 } },
	{ "shrink", C, { REMAP, PRIVATE, 0, 0, 30 } },
	{ "dont-need", D, { ADVISE, PRIVATE, MADV_DONTNEED, 0, 30 } },
	{ "write-again", D, { WRITE, PRIVATE, 0, 0, 10 } },
	{ "dont-need-file", D, { ADVISE, FILE_P, MADV_DONTNEED, 0, 128 } },
	{ "free", A, { ADVISE, PRIVATE, MADV_FREE, 26, 10 } },
	{ "write-freed", A, { WRITE, PRIVATE, 0, 26, 10 } },
	{ "unmap-hole", D, { UNMAP, PRIVATE, 0, 40, 10 } },
	{ "break", A, { BREAK, 0, 0, 8, 16 } },
	{ "break-down", A, { BREAK, 0, 0, 0, 4 } },
	{ "stack", A, { STACK, 0, 0, 0, 40 } },
	{ "stack-b", B, { STACK, 0, 0, 0, 30 } },
	{ "lock", A, { LOCK, SHARED, 0, 0, 16 } },
	{ "lock-private", B, { LOCK, PRIVATE, 0, 0, 64 } },
	{ "unlock-private", B, { UNLOCK, PRIVATE, 0, 0, 64 } },
	{ "unlock", A, { UNLOCK, SHARED, 0, 0, 16 } },
	{ "no-reserve", A, { MAP, MORE, NO_RESERVE, 0, 100 } },
	{ "write-no-reserve", A, { WRITE, MORE, 0, 0, 20 } },
	{ "guard", A, { MAP, GUARDED, GUARD, 0, 100 } },
	{ "open-guard", A, { PROTECT, GUARDED, RW, 20, 10 } },
	{ "populated", B, { MAP, ONE, POPULATED, 0, 20 } },
	{ "dont-fork", A, { ADVISE, MEMFD_S, MADV_DONTFORK, 0, 96 } },
	{ "wipe", A, { ADVISE, MORE, MADV_WIPEONFORK, 0, 100 } },
	{ "fork-e", A, { FORK, 0, E } },
	{ "wiped-writes", E, { WRITE, MORE, 0, 0, 5 } },
	{ "exec-e", E, { EXEC, 0, E } },
	{ "exec-e-maps", E, { MAP, TWO, ANON_PRIVATE, 0, 300 } },
	{ "exec-e-writes", E, { WRITE, TWO, 0, 0, 200 } },
	{ "exec-e-unmaps", E, { UNMAP, TWO, 0, 0, 300 } },
	{ "thread", A, { THREAD, 0, F } },
	{ "thread-writes", F, { WRITE, PRIVATE, 0, 50, 10 } },
	{ "thread-stack", F, { STACK, 0, 0, 0, 10 } },
	{ "thread-exit", F, { EXIT, 0, 0, 0, 1 } },
	{ "exit-c", C, { EXIT } },
	{ "exit-e", E, { EXIT } },
	{ "wait-e", A, { WAIT } },
	{ "exit-d", D, { EXIT } },
	{ "wait-c", B, { WAIT } },
	{ "write-after", B, { WRITE, PRIVATE, 0, 16, 20 } },
	{ "vfork", A, { VFORK, 0, C } },
	{ "vfork-exec", C, { EXEC, 0, C } },
	{ "vfork-exit", C, { EXIT } },
	{ "vfork-wait", A, { WAIT } },
	{ "exit-b", B, { EXIT } },
	{ "wait-b", A, { WAIT } },
	{ "write-alone", A, { WRITE, PRIVATE, 0, 0, 64 } },
	{ "truncate", A, { TRUNCATE, 0, 0, 0, 4 } },
	{ "unmap-private", A, { UNMAP, PRIVATE, 0, 0, 64 } },
	{ "unmap-shared", A, { UNMAP, SHARED, 0, 0, 32 } },
	{ "unmap-file", A, { UNMAP, FILE_S, 0, 0, 128 } },
	{ "exit", A, { EXIT } },
};

static void prepare(void)
{
	char block[PAGE];
	int fd = open(account_files[0], O_RDWR | O_CREAT | O_TRUNC, 0600), memory = memfd_create(account_files[1], 0);

	memset(block, 'x', sizeof block);
	for (int i = 0; i < 128; i++)
		if (write(fd, block, PAGE) != PAGE || (i < 96 && write(memory, block, PAGE) != PAGE))
			fail("the files");
	close(fd);
	if (memory != 90)
		dup2(memory, 90), close(memory);
	for (int i = 0; i < SUBJECTS; i++) {
		int orders[2], answers[2];
		if (pipe(orders) || pipe(answers))
			fail("pipe");
		/* both ends in every process: who writes is settled by the script */
		dup2(orders[0], ORDERS_FD(i)), dup2(orders[1], ORDERS_FD(i) + 100);
		dup2(answers[0], ANSWERS_FD(i) + 100), dup2(answers[1], ANSWERS_FD(i));
		close(orders[0]), close(orders[1]), close(answers[0]), close(answers[1]);
	}
}

int main(int argc, char **argv)
{
	if (argc > 1 && !strcmp(argv[1], "@subject")) {
		subject_run(atoi(argv[2]));
		return 0;
	}
	if (argc > 1 && !strcmp(argv[1], "fields")) {
		fields_print();
		return 0;
	}
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	personality(ADDR_NO_RANDOMIZE);
	alarm(200);
	prepare();
	pid_t pid = fork();
	if (pid == 0) {
		execl("/proc/self/exe", "account", "@subject", "0", NULL);
		_exit(1);
	}
	subjects[A].pid = pid;
	usleep(100000);
	for (size_t i = 0; i < sizeof script / sizeof *script; i++)
		do_step(script[i].name, script[i].who, script[i].o);
	unlink(account_files[0]);
	puts("end");
	return 0;
}
