/*
 * Core files: when there is one, what it is called, and what is in it.
 * Source: core(5), wait(2), elf(5). Patterns are only set in the VM, whose process 1 is the tests' own.
 */
#include "check.h"
#include <elf.h>
#include <pthread.h>
#include <sys/prctl.h>
#include <sys/procfs.h>

#define PATTERN "/proc/sys/kernel/core_pattern"

static bool in_vm(void)
{
	char name[32] = "";
	check_slurp("/proc/1/comm", name, sizeof name);
	return !strcmp(name, "init\n");
}

/* A folder, and the limit that lets cores be; false: this machine gives them to a program, or to nobody. */
static bool start(void)
{
	char pattern[256] = "";
	check_slurp(PATTERN, pattern, sizeof pattern);
	check_scratch();
	if (setrlimit(RLIMIT_CORE, &(struct rlimit){RLIM_INFINITY, RLIM_INFINITY}))
		return false;
	return !strcmp(pattern, "core\n");
}

static int status_of(pid_t pid)
{
	int status = -1;
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	return status;
}

static pid_t dies_by(int sig)
{
	pid_t pid = fork();
	if (pid == 0) {
		signal(sig, SIG_DFL);
		raise(sig);
		_exit(1);
	}
	return pid;
}

/* The one file here that begins with the prefix. */
static int cores(const char *prefix, char *name)
{
	DIR *dir = opendir(".");
	int n = 0;
	for (struct dirent *e; dir && (e = readdir(dir));)
		if (!strncmp(e->d_name, prefix, strlen(prefix))) {
			strcpy(name, e->d_name);
			n++;
		}
	if (dir)
		closedir(dir);
	return n;
}

TEST(which_signals)
{
	static const int with[] = {SIGQUIT, SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGSEGV, SIGXCPU, SIGXFSZ, SIGSYS};
	static const int without[] = {SIGHUP, SIGINT, SIGKILL, SIGUSR1, SIGPIPE, SIGALRM, SIGTERM, SIGIO, SIGPROF, 34};
	if (!start())
		return;
	for (size_t i = 0; i < sizeof with / sizeof *with; i++) {
		CHECK_EQ(status_of(dies_by(with[i])), with[i] | 0x80);
		CHECK_OK(unlink("core"));
	}
	for (size_t i = 0; i < sizeof without / sizeof *without; i++) {
		CHECK_EQ(status_of(dies_by(without[i])), without[i]);
		CHECK_ERR(unlink("core"), ENOENT);
	}
}

TEST(who_may_not)
{
	struct stat st;
	if (!start())
		return;
	pid_t pid = fork();
	if (pid == 0) {
		prctl(PR_SET_DUMPABLE, 0);
		abort();
	}
	CHECK_EQ(status_of(pid), SIGABRT);
	pid = fork();
	if (pid == 0) {
		setrlimit(RLIMIT_CORE, &(struct rlimit){PAGE - 1, PAGE - 1});
		abort();
	}
	CHECK_EQ(status_of(pid), SIGABRT);
	CHECK_ERR(stat("core", &st), ENOENT);
	pid = fork();		/* a folder that cannot be written to */
	if (pid == 0) {
		chdir("/proc");
		abort();
	}
	CHECK_EQ(status_of(pid), SIGABRT);
	/* what has the name goes; a link is not followed */
	CHECK_OK(check_spew("victim", "safe", 4, 0600));
	CHECK_OK(symlink("victim", "core"));
	CHECK_EQ(status_of(dies_by(SIGABRT)), SIGABRT | 0x80);
	CHECK_OK(lstat("core", &st));
	CHECK(S_ISREG(st.st_mode));
	CHECK_EQ(st.st_mode & 0777, 0600);
	CHECK_OK(stat("victim", &st));
	CHECK_EQ(st.st_size, 4);
	/* the limit ends the file early: it is a core all the same */
	pid = fork();
	if (pid == 0) {
		setrlimit(RLIMIT_CORE, &(struct rlimit){2 * PAGE, 2 * PAGE});
		abort();
	}
	CHECK_EQ(status_of(pid), SIGABRT | 0x80);
	CHECK_OK(stat("core", &st));
	CHECK(st.st_size <= (long)(2 * PAGE));
}

TEST(siginfo_of_the_dead)
{
	siginfo_t info;
	if (!start())
		return;
	pid_t pid = dies_by(SIGSEGV);
	CHECK_OK(waitid(P_PID, (id_t)pid, &info, WEXITED));
	CHECK_EQ(info.si_code, CLD_DUMPED);
	CHECK_EQ(info.si_status, SIGSEGV);
}

TEST(names)
{
	char name[300], want[300];
	if (!start() || !in_vm())
		return;
	CHECK_OK(check_spew(PATTERN, "c-%p-%i-%u-%g-%s-%e-%%-%q", 25, 0644));
	prctl(PR_SET_NAME, "na/me");
	pid_t pid = dies_by(SIGABRT);
	CHECK_EQ(status_of(pid), SIGABRT | 0x80);
	snprintf(want, sizeof want, "c-%d-%d-0-0-%d-na!me-%%-", pid, pid, SIGABRT);
	CHECK_EQ(cores("c-", name), 1);
	CHECK_STR(name, want);
	CHECK_OK(check_spew("/proc/sys/kernel/core_uses_pid", "1", 1, 0644));
	CHECK_OK(check_spew(PATTERN, "plain", 5, 0644));
	pid = dies_by(SIGABRT);
	CHECK_EQ(status_of(pid), SIGABRT | 0x80);
	snprintf(want, sizeof want, "plain.%d", pid);
	CHECK_EQ(cores("plain", name), 1);
	CHECK_STR(name, want);
	CHECK_OK(check_spew("/proc/sys/kernel/core_uses_pid", "0", 1, 0644));
	CHECK_OK(check_spew(PATTERN, "core", 4, 0644));
}

/* -- what is in it -- */

static char marker[3 * PAGE] __attribute__((aligned(4096)));
static const char *file;
static size_t file_size;

static const Elf64_Phdr *segments(int *count)
{
	const Elf64_Ehdr *h = (const void *)file;
	*count = h->e_phnum;
	return (const void *)(file + h->e_phoff);
}

/* The bytes at an address; 0: not in the file. */
static const char *at(uintptr_t address)
{
	int n;
	const Elf64_Phdr *p = segments(&n);
	for (int i = 0; i < n; i++)
		if (p[i].p_type == PT_LOAD && address >= p[i].p_vaddr && address < p[i].p_vaddr + p[i].p_filesz)
			return file + p[i].p_offset + (address - p[i].p_vaddr);
	return 0;
}

/* The index-th note of a type; how many there are. */
static int notes(unsigned type, int index, const void **data, size_t *size)
{
	int n, found = 0;
	const Elf64_Phdr *p = segments(&n);
	for (size_t i = 0; p->p_type == PT_NOTE && i < p->p_filesz;) {
		const Elf64_Nhdr *h = (const void *)(file + p->p_offset + i);
		const char *body = (const char *)(h + 1) + (h->n_namesz + 3) / 4 * 4;
		if (h->n_type == type && found++ == index) {
			*data = body;
			*size = h->n_descsz;
		}
		i = (size_t)(body - (file + p->p_offset)) + (h->n_descsz + 3) / 4 * 4;
	}
	return found;
}

static void *waits(void *arg)
{
	while (1)
		pause();
	return arg;
}

static pid_t *crasher_tids;
static void crash(void)
{
	pthread_t t;
	strcpy(marker + PAGE + 100, "the quick brown fox");
	pthread_create(&t, 0, waits, 0);
	pthread_create(&t, 0, waits, 0);
	crasher_tids[0] = getpid();
	check_sleep_ms(20);
	*(volatile int *)0x18 = 1;
}

static bool load(const char *name)
{
	struct stat st;
	int fd = open(name, O_RDONLY);
	if (fd < 0 || fstat(fd, &st))
		return false;
	file = mmap(0, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	file_size = (size_t)st.st_size;
	close(fd);
	return file != MAP_FAILED;
}

TEST(contents)
{
	const void *data = 0;
	size_t size = 0;
	if (!start())
		return;
	crasher_tids = mmap(0, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t pid = fork();
	if (pid == 0) {
		setsid();
		crash();
	}
	CHECK_EQ(status_of(pid), SIGSEGV | 0x80);
	NEED_OK(load("core") ? 0 : -1);
	const Elf64_Ehdr *h = (const void *)file;
	CHECK(!memcmp(h->e_ident, ELFMAG, SELFMAG));
	CHECK_EQ(h->e_type, ET_CORE);
	CHECK_EQ(h->e_machine, EM_X86_64);
	int n;
	const Elf64_Phdr *p = segments(&n);
	CHECK(p[n - 1].p_offset + p[n - 1].p_filesz <= file_size);
	CHECK_EQ(notes(NT_PRSTATUS, 0, &data, &size), 3);
	CHECK_EQ(size, sizeof(struct elf_prstatus));
	const struct elf_prstatus *s = data;
	CHECK_EQ(s->pr_pid, pid);
	CHECK_EQ(s->pr_ppid, getpid());
	CHECK_EQ(s->pr_sid, pid);
	CHECK_EQ(s->pr_cursig, SIGSEGV);
	CHECK_EQ(s->pr_info.si_signo, SIGSEGV);
	CHECK_EQ(notes(NT_PRFPREG, 0, &data, &size), 3);
	CHECK_EQ(size, 512);
	CHECK_EQ(notes(NT_PRPSINFO, 0, &data, &size), 1);
	CHECK_EQ(size, sizeof(struct elf_prpsinfo));
	const struct elf_prpsinfo *ps = data;
	CHECK_EQ(ps->pr_pid, pid);
	CHECK(strstr(ps->pr_psargs, "core"));
	CHECK_EQ(notes(NT_SIGINFO, 0, &data, &size), 1);
	const siginfo_t *info = data;
	CHECK_EQ(info->si_signo, SIGSEGV);
	CHECK_EQ(info->si_code, SEGV_MAPERR);
	CHECK_EQ((uintptr_t)info->si_addr, 0x18);
	CHECK_EQ(notes(NT_AUXV, 0, &data, &size), 1);
	CHECK_EQ(notes(NT_FILE, 0, &data, &size), 1);
	const char *m = at((uintptr_t)marker + PAGE + 100);
	CHECK(m && !strcmp(m, "the quick brown fox"));
	m = at((uintptr_t)marker);
	CHECK(m && !*m);
	CHECK(at((uintptr_t)&s));	/* the stack */
}

TEST(filter)
{
	char text[32] = "";
	if (!start())
		return;
	CHECK(check_slurp("/proc/self/coredump_filter", text, sizeof text) > 0);
	CHECK_STR(text, "00000033\n");
	char *shared = mmap(0, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	char *hidden = mmap(0, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char *barred = mmap(0, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	strcpy(shared, "shared");
	strcpy(hidden, "hidden");
	strcpy(barred, "barred");
	CHECK_OK(madvise(hidden, PAGE, MADV_DONTDUMP));
	CHECK_OK(mprotect(barred, PAGE, PROT_NONE));
	CHECK_EQ(status_of(dies_by(SIGABRT)), SIGABRT | 0x80);
	NEED_OK(load("core") ? 0 : -1);
	CHECK(at((uintptr_t)shared) && !strcmp(at((uintptr_t)shared), "shared"));
	CHECK(!at((uintptr_t)hidden));
	CHECK(at((uintptr_t)barred) && !strcmp(at((uintptr_t)barred), "barred"));
	CHECK_OK(check_spew("/proc/self/coredump_filter", "0x11", 4, 0644));
	CHECK_EQ(status_of(dies_by(SIGABRT)), SIGABRT | 0x80);
	NEED_OK(load("core") ? 0 : -1);
	CHECK(!at((uintptr_t)shared));
}
