/*
 * Random sequences of calls about memory, in one window of the address space, with forks in between. What each call
 * returned, what every page reads as, the regions and the sizes in /proc/self/status go into a digest, and the digest
 * must be the one that Linux 6.1 gave. Regions that say the same count as one, since Linux does not always merge them.
 *
 *   random @log SEED    prints the text behind a digest: compare it between two kernels to see where they part
 *
 * Left out: what the kernel may decide (where a mapping without MAP_FIXED goes, MADV_FREE, MADV_PAGEOUT, huge pages).
 */
#include "check.h"
#include <setjmp.h>
#include <sys/utsname.h>

#define WINDOW 0x100000000000ul
#define PAGES 48
#define FILES 3
#define FILE_PAGES 16
#define OPS 300

static uint64_t random_state, digest;
static bool is_logging;
static int fds[FILES + 1];
static long base_sizes[5];
static int in_child_of_chain;

static unsigned long pick(unsigned long n)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return ((random_state * 0x2545f4914f6cdd1dul) >> 16) % n;
}

__attribute__((format(printf, 1, 2))) static void note(const char *format, ...)
{
	char line[256];
	va_list list;
	va_start(list, format);
	int n = vsnprintf(line, sizeof line, format, list);
	va_end(list);
	for (int i = 0; i < n; i++)
		digest = (digest ^ (unsigned char)line[i]) * 0x100000001b3ul;
	if (is_logging)
		check_say("%s", line);
}

static long call(long nr, long a, long b, long c, long d, long e, long f)
{
	long r = syscall(nr, a, b, c, d, e, f);
	return r == -1 ? -errno : r;
}

/* -- pages -------------------------------------------------------------------------------------------------------- */
static sigjmp_buf escape;
static volatile int caught;

static void catch(int sig)
{
	caught = sig;
	siglongjmp(escape, 1);
}

/* The byte, or minus the signal. */
static int page_read(unsigned long at)
{
	if (sigsetjmp(escape, 1))
		return -caught;
	return *(volatile unsigned char *)at;
}

static int page_write(unsigned long at, int value)
{
	if (sigsetjmp(escape, 1))
		return -caught;
	*(volatile unsigned char *)at = value;
	return 0;
}

static void note_contents(void)
{
	for (int i = 0; i < PAGES; i++)
		note("%d ", page_read(WINDOW + i * PAGE));
	note("\n");
}

/* -- what /proc says ---------------------------------------------------------------------------------------------- */
static char *read_whole(const char *path)
{
	static char text[1 << 16];
	int fd = open(path, O_RDONLY);
	size_t n = 0;
	for (ssize_t got; n < sizeof text - 1 && (got = read(fd, text + n, sizeof text - 1 - n)) > 0;)
		n += got;
	close(fd);
	text[n] = 0;
	return text;
}

static void read_sizes(long *sizes)
{
	static const char *const names[] = { "VmSize:", "VmData:", "VmStk:", "VmExe:", "VmLck:" };
	char *text = read_whole("/proc/self/status"), *lib = strstr(text, "VmLib:");
	for (int i = 0; i < 5; i++) {
		char *at = strstr(text, names[i]);
		sizes[i] = at ? atol(at + strlen(names[i])) : -1;
	}
	sizes[3] += lib ? atol(lib + 6) : 0;
}

struct region { unsigned long start, end, offset; char access[8]; int is_file; };

static void note_region(const struct region *r)
{
	if (r->end)
		note("  %lx-%lx %s %lx\n", r->start - WINDOW, r->end - WINDOW, r->access, r->is_file ? r->offset : 0);
}

static void note_regions(void)
{
	struct region last = { 0 }, r;
	for (char *line = strtok(read_whole("/proc/self/maps"), "\n"); line; line = strtok(NULL, "\n")) {
		unsigned long inode;
		if (sscanf(line, "%lx-%lx %7s %lx %*s %lu", &r.start, &r.end, r.access, &r.offset, &inode) != 5)
			continue;
		if (r.start < WINDOW - 0x100000 || r.start >= WINDOW + PAGES * PAGE)
			continue;
		r.is_file = inode != 0;
		if (last.end == r.start && !strcmp(last.access, r.access) && last.is_file == r.is_file &&
		    (!r.is_file || last.offset + (last.end - last.start) == r.offset)) {
			last.end = r.end;
			continue;
		}
		note_region(&last);
		last = r;
	}
	note_region(&last);
}

static void note_state(void)
{
	long now[5];
	read_sizes(now);
	note("sizes %ld %ld %ld %ld %ld\n", now[0] - base_sizes[0], now[1] - base_sizes[1], now[2] - base_sizes[2],
	     now[3] - base_sizes[3], now[4] - base_sizes[4]);
	note_regions();
}

/* An address as it stands in the text, or the error. */
static long in_window(long r) { return r > 0 ? r - (long)WINDOW : r; }

/* -- steps -------------------------------------------------------------------------------------------------------- */
static void step_map(unsigned long at, unsigned long len, int prot)
{
	static const int kinds[] = { 0x22, 0x22, 0x22, 0x21, 2, 1, 3, 0x23, 0x20, 0 };
	int flags = kinds[pick(10)], file = 0;
	unsigned long offset = 0;
	if (!(flags & MAP_ANONYMOUS)) {
		file = 1 + pick(FILES);
		offset = pick(30) ? pick(20) * PAGE : 0x7ffffffffffff000ul - pick(3) * PAGE;
	}
	flags |= pick(8) ? MAP_FIXED : MAP_FIXED_NOREPLACE;
	flags |= pick(12) ? 0 : MAP_LOCKED;
	flags |= pick(12) ? 0 : MAP_NORESERVE;
	flags |= pick(10) ? 0 : MAP_POPULATE;
	flags |= pick(25) ? 0 : MAP_GROWSDOWN;
	long r = call(SYS_mmap, at, len, prot, flags, file ? fds[file] : -1, offset);
	note("mmap %lx %lx %d %x file %d %lx = %ld\n", at - WINDOW, len, prot, flags, file, offset, in_window(r));
}

static void step_remap(unsigned long at, unsigned long len)
{
	static const int flag_sets[] = { 0, 3, 3, 3, 7 };
	unsigned long new_len = pick(3) ? pick(10) * PAGE : len, to = WINDOW + pick(PAGES) * PAGE;
	int flags = flag_sets[pick(5)];
	if (pick(20) == 0)
		len = 0;
	if ((flags & MREMAP_FIXED) && to + new_len > WINDOW + PAGES * PAGE)
		new_len = WINDOW + PAGES * PAGE - to;
	if (!(flags & MREMAP_FIXED) && new_len > len && at + new_len > WINDOW + PAGES * PAGE)
		new_len = len;
	long r = call(SYS_mremap, at, len, new_len, flags, to, 0);
	note("mremap %lx %lx %lx %x %lx = %ld\n", at - WINDOW, len, new_len, flags, to - WINDOW, in_window(r));
}

static void step_advise(unsigned long at, unsigned long len)
{
	static const int advice[] = { 0, 1, 2, 3, 4, 4, 4, 9, 10, 10, 11, 16, 17, 18, 18, 19, 20, 22, 23, 24, 77 };
	int which = advice[pick(sizeof advice / sizeof advice[0])];
	note("madvise %lx %lx %d = %ld\n", at - WINDOW, len, which, call(SYS_madvise, at, len, which, 0, 0, 0));
}

static void step_protect(unsigned long at, unsigned long len, int prot)
{
	prot |= (pick(20) ? 0 : 8) | (pick(30) ? 0 : PROT_GROWSDOWN) | (pick(50) ? 0 : 0x40);
	note("mprotect %lx %lx %x = %ld\n", at - WINDOW, len, prot, call(SYS_mprotect, at, len, prot, 0, 0, 0));
}

/* Not in a child: Linux does not give it the zero pages that the parent only read. */
static void step_core(unsigned long at, unsigned long len)
{
	unsigned char map[PAGES + 2] = { 0 };
	if (in_child_of_chain)
		return;
	long r = len <= PAGES * PAGE ? call(SYS_mincore, at, len, (long)map, 0, 0, 0) : 0;
	note("mincore %lx %lx = %ld ", at - WINDOW, len, r);
	for (unsigned long i = 0; r == 0 && len <= PAGES * PAGE && i < (len + PAGE - 1) / PAGE; i++)
		note("%d", map[i] & 1);
	note("\n");
}

static void step_file(void)
{
	int file = 1 + pick(FILES - 1);
	unsigned long at = pick(24) * PAGE + pick(2) * 100, len = 1 + pick(6 * PAGE);
	if (pick(2))
		note("truncate %d %lx = %ld\n", file, at, call(SYS_ftruncate, fds[file], at, 0, 0, 0, 0));
	else
		note("punch %d %lx %lx = %ld\n", file, at, len, call(SYS_fallocate, fds[file], 3, at, len, 0, 0));
}

/* A child looks at all pages and writes some; the parent then sees what it must see. Now and then the child goes on
 * in the parent's place. */
static void step_fork(void)
{
	bool goes_on = in_child_of_chain < 4 && pick(3) == 0;
	unsigned long to[4];
	for (int i = 0; i < 4; i++)
		to[i] = WINDOW + pick(PAGES) * PAGE;
	pid_t pid = fork();
	if (pid == 0 && !goes_on) {
		for (int i = 0; i < 4; i++)
			note("%d ", page_write(to[i], 200 + i));
		note_state();
		note_contents();
		_exit(digest & 0x7f);
	}
	if (pid == 0) {
		in_child_of_chain++;
		note("the child goes on\n");
		return;
	}
	int status = -1;
	waitpid(pid, &status, 0);
	if (goes_on)
		_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 99);
	note("child = %x\n", status);
}

static void step(void)
{
	static const int prots[] = { 0, 1, 3, 5, 3, 7, 2, 1 };	/* not 4: with protection keys it cannot be read */
	unsigned long page = pick(PAGES), pages = 1 + pick(8), at = WINDOW + page * PAGE, len;
	if (page + pages > PAGES)
		pages = PAGES - page;
	len = pages * PAGE;
	at += pick(60) ? 0 : 1 + pick(4095);
	len -= pick(40) ? 0 : pick(PAGE);
	int prot = prots[pick(8)], what = pick(100);
	if (what < 26)
		step_map(at, len, prot);
	else if (what < 38)
		note("munmap %lx %lx = %ld\n", at - WINDOW, len, call(SYS_munmap, at, len, 0, 0, 0, 0));
	else if (what < 50)
		step_protect(at, len, prot);
	else if (what < 58)
		step_remap(at, len);
	else if (what < 68)
		step_advise(at, len);
	else if (what < 72)
		note("mlock2 %lx %lx = %ld\n", at - WINDOW, len, call(SYS_mlock2, at, len, page & 1, 0, 0, 0));
	else if (what < 75)
		note("munlock %lx %lx = %ld\n", at - WINDOW, len, call(SYS_munlock, at, len, 0, 0, 0, 0));
	else if (what < 77)
		note("msync %lx %lx = %ld\n", at - WINDOW, len, call(SYS_msync, at, len, pick(9), 0, 0, 0));
	else if (what < 79)
		step_core(at, len);
	else if (what < 82)
		step_file();
	else if (what < 85)
		step_fork();
	else if (what < 94)
		note("write %lx = %d\n", at - WINDOW, page_write(at & -PAGE, (int)pages + 10));
	else
		note("read %lx = %d\n", at - WINDOW, page_read(at & -PAGE));
}

/* -- runs --------------------------------------------------------------------------------------------------------- */
static void make_files(void)
{
	char path[64];
	for (int i = 1; i <= FILES; i++) {
		fds[i] = NEED_OK(memfd_create("random", 0));
		NEED_OK(ftruncate(fds[i], FILE_PAGES * PAGE));
		for (int k = 0; k < FILE_PAGES; k++) {
			char byte = i * 40 + k;
			NEED_OK(pwrite(fds[i], &byte, 1, k * PAGE));
		}
	}
	snprintf(path, sizeof path, "/proc/self/fd/%d", fds[FILES]);
	fds[FILES] = NEED_OK(open(path, O_RDONLY));
}

/* Runs in a process of its own, and ends it: the digest goes to the pipe. */
static void run(uint64_t seed, int result_fd)
{
	static char alternate[65536];
	struct sigaction action = { .sa_handler = catch, .sa_flags = SA_NODEFER | SA_ONSTACK };
	stack_t stack = { .ss_sp = alternate, .ss_size = sizeof alternate };
	struct rlimit limit = { RLIM_INFINITY, RLIM_INFINITY };
	sigaltstack(&stack, 0);
	sigaction(SIGSEGV, &action, 0);
	sigaction(SIGBUS, &action, 0);
	setrlimit(RLIMIT_MEMLOCK, &limit);
	make_files();
	random_state = seed * 2654435761u + 1;
	digest = 0xcbf29ce484222325ul;
	read_sizes(base_sizes);
	for (int i = 0; i < OPS; i++) {
		step();
		if (i % 16 == 15)
			note_state();
	}
	note_state();
	note_contents();
	_exit(write(result_fd, &digest, sizeof digest) != sizeof digest);
}

static uint64_t run_seed(uint64_t seed)
{
	uint64_t result = 0;
	int fd[2];
	NEED_OK(pipe(fd));
	pid_t pid = fork();
	if (pid == 0)
		run(seed, fd[1]);
	close(fd[1]);
	CHECK_WAIT(pid, EXITED(0));
	CHECK_EQ(read(fd[0], &result, sizeof result), sizeof result);
	close(fd[0]);
	return result;
}

/* What Linux 6.1.0-56-cloud-amd64 gives. */
static const uint64_t known[] = {
	0x1baeb49f46d1e50b, 0x3abf11bea2e3d0dd, 0x6db63a756bb29713, 0x6a738633933d36ed,
	0xaeabd36cc016c754, 0x1fc2cbc995f064b9, 0x113430b2ea0da66e, 0xc9549bfca4a03fad,
	0x9ea262a6291676ca, 0x73799335cca3fa00, 0xb0b585fbcdf6e409, 0x909055058b45dfc0,
};

TEST(as_linux_6_1)
{
	struct utsname name;
	uname(&name);
	if (strncmp(name.release, "6.1.", 4) != 0)
		return;		/* later versions differ in small things, such as a move of several regions at once */
	for (unsigned i = 0; i < sizeof known / sizeof known[0]; i++) {
		uint64_t got = run_seed(i + 1);
		if (got != known[i])
			check_fail(__FILE_NAME__, __LINE__, "seed %u: digest 0x%lx, Linux 6.1 gives 0x%lx: see @log %u",
				   i + 1, (long)got, (long)known[i], i + 1);
	}
}

HELPER(log)
{
	is_logging = true;
	run(argc > 2 ? strtoul(argv[2], 0, 0) : 1, 2);
	return 0;
}
