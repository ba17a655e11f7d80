/* Each allocation of the calls on files, signals, identities fails once: the call says so, and nothing is left behind. */
#include "fail_nth.h"
#include <grp.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/statfs.h>

static int fds[2], full_fd, file_fd, pipe_fds[2], epoll_fd, event_fd;
static char buffer[3 * PAGE];

static void close_it(long fd)
{
	if (fd >= 0)
		close(fd);
}

static void close_both(long result)
{
	if (result >= 0) {
		close(fds[0]);
		close(fds[1]);
	}
}

static void remove_it(long result)
{
	close_it(result);
	unlink("new");
	rmdir("new");
	unlink("newer");
}

static void make_new(void)
{
	close(creat("new", 0600));
}

static long open_old(void) { return RAW(SYS_open, "file", O_RDONLY, 0); }
static long open_deep(void) { return RAW(SYS_open, "link/deeper/../../folder/deeper/inner", O_RDWR, 0); }
static long open_new(void) { return RAW(SYS_open, "new", O_CREAT | O_EXCL | O_RDWR, 0600); }
static long open_trunc(void) { return RAW(SYS_open, "new", O_TRUNC | O_RDWR, 0600); }
static long open_path(void) { return RAW(SYS_open, "file", O_PATH, 0); }
static long open_tmpfile(void) { return RAW(SYS_open, ".", O_TMPFILE | O_RDWR, 0600); }
static long open_null(void) { return RAW(SYS_open, "/dev/null", O_RDWR, 0); }
static long open_pty(void) { return RAW(SYS_open, "/dev/ptmx", O_RDWR | O_NOCTTY, 0); }
static long open_status(void) { return RAW(SYS_open, "/proc/self/status", O_RDONLY, 0); }
static long call_mkdir(void) { return RAW(SYS_mkdir, "new", 0700); }
static long call_symlink(void) { return RAW(SYS_symlink, "somewhere/else", "new"); }
static long call_link(void) { return RAW(SYS_link, "file", "new"); }
static long call_mknod(void) { return RAW(SYS_mknod, "new", S_IFIFO | 0600, 0); }
static long call_rename(void) { return RAW(SYS_rename, "new", "newer"); }
static long call_unlink(void) { return RAW(SYS_unlink, "new"); }
static long call_truncate(void) { return RAW(SYS_truncate, "file", 100); }
static long call_stat(void) { return RAW(SYS_stat, "link/deeper/inner", buffer); }
static long call_statfs(void) { return RAW(SYS_statfs, "file", buffer); }
static long call_access(void) { return RAW(SYS_access, "not/there/at/all", R_OK) == -ENOENT ? 0 : -ENOMEM; }
static long call_chdir(void) { return RAW(SYS_chdir, "."); }
static long call_getcwd(void) { return RAW(SYS_getcwd, buffer, sizeof buffer); }
static long call_readlink(void) { return RAW(SYS_readlink, "/proc/self/cwd", buffer, sizeof buffer); }
static long call_pipe(void) { return RAW(SYS_pipe2, fds, O_CLOEXEC); }
static long call_dup(void) { return RAW(SYS_dup, file_fd); }
static long call_dup2_high(void) { return RAW(SYS_dup2, file_fd, 900); }
static long call_dupfd(void) { return RAW(SYS_fcntl, file_fd, F_DUPFD, 400); }
static long call_eventfd(void) { return RAW(SYS_eventfd2, 0, 0); }
static unsigned long signal_set = 1ul << (SIGUSR1 - 1);
static long call_signalfd(void) { return RAW(SYS_signalfd4, -1, &signal_set, 8, 0); }
static long call_timerfd(void) { return RAW(SYS_timerfd_create, CLOCK_MONOTONIC, 0); }
static long call_pidfd(void) { return RAW(SYS_pidfd_open, RAW(SYS_getpid), 0); }
static long call_epoll(void) { return RAW(SYS_epoll_create1, 0); }
static long call_memfd(void) { return RAW(SYS_memfd_create, "name", 0); }

static long call_epoll_add(void)
{
	struct epoll_event e = {.events = EPOLLIN};
	return RAW(SYS_epoll_ctl, epoll_fd, EPOLL_CTL_ADD, event_fd, &e);
}
static void epoll_remove(long result) { epoll_ctl(epoll_fd, EPOLL_CTL_DEL, event_fd, 0); }

static long call_write(void)
{
	long n = RAW(SYS_pwrite64, file_fd, buffer, sizeof buffer, 50000);
	return n < 0 ? n : 0;
}
static void write_undo(long result) { CHECK_OK(ftruncate(file_fd, 0)); }
static long call_read_hole(void)
{
	long n = RAW(SYS_pread64, file_fd, buffer, sizeof buffer, 0);
	return n < 0 ? n : 0;
}
static void make_hole(void) { CHECK_OK(ftruncate(file_fd, 100000)); }
static long call_fallocate(void) { return RAW(SYS_fallocate, file_fd, 0, 0, 9 * PAGE); }
static long call_pipe_write(void)
{
	long n = RAW(SYS_write, pipe_fds[1], buffer, sizeof buffer);
	return n < 0 ? n : 0;
}
static void pipe_drain(long result)
{
	while (read(pipe_fds[0], buffer, sizeof buffer) > 0)
		;
}
static long call_sendfile(void)
{
	long at = 0;
	long n = RAW(SYS_sendfile, pipe_fds[1], full_fd, &at, 3000);
	return n < 0 ? n : 0;
}
static long call_getdents(void)
{
	RAW(SYS_lseek, fds[0], 0, SEEK_SET);
	return RAW(SYS_getdents64, fds[0], buffer, sizeof buffer);
}
static void open_proc(void) { fds[0] = NEED_OK(open("/proc", O_RDONLY | O_DIRECTORY)); }
static void close_proc(long result) { close(fds[0]); }
static const char *proc_name;
static void open_a_file(void) { fds[0] = NEED_OK(open(proc_name, O_RDONLY)); }
static long read_a_file(void) { return RAW(SYS_read, fds[0], buffer, sizeof buffer); }
static long call_poll(void)
{
	static struct pollfd many[60];
	for (int i = 0; i < 60; i++)
		many[i] = (struct pollfd){pipe_fds[0], POLLIN, 0};
	return RAW(SYS_poll, many, 60, 1);
}
static long call_flock(void) { return RAW(SYS_flock, file_fd, LOCK_EX); }
static void flock_undo(long result) { flock(file_fd, LOCK_UN); }
static long call_lock(void)
{
	struct flock l = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 10, .l_len = 10};
	return RAW(SYS_fcntl, file_fd, F_SETLK, &l);
}
static long call_unlock_middle(void)
{
	struct flock l = {.l_type = F_UNLCK, .l_whence = SEEK_SET, .l_start = 13, .l_len = 2};
	return RAW(SYS_fcntl, file_fd, F_SETLK, &l);
}
static void locked(void) { call_lock(); }
static void unlock(long result)
{
	struct flock l = {.l_type = F_UNLCK, .l_whence = SEEK_SET};
	fcntl(file_fd, F_SETLK, &l);
}
static long call_mount(void) { return RAW(SYS_mount, "none", "folder", "tmpfs", 0, "size=1m"); }
static void mount_undo(long result) { umount("folder"); }

static void open_all(void)
{
	check_scratch();
	mkdir("/dev/pts", 0755);
	mount("devpts", "/dev/pts", "devpts", 0, "ptmxmode=666");
	mkdir("folder", 0755);
	mkdir("folder/deeper", 0755);
	symlink("folder", "link");
	close(creat("folder/deeper/inner", 0600));
	file_fd = NEED_OK(open("file", O_RDWR | O_CREAT, 0600));
	check_spew("full", buffer, sizeof buffer, 0600);
	full_fd = NEED_OK(open("full", O_RDONLY));
	NEED_OK(pipe2(pipe_fds, O_NONBLOCK));
	epoll_fd = NEED_OK(epoll_create1(0));
	event_fd = NEED_OK(syscall(SYS_eventfd2, 0, 0));
}

TEST(open)
{
	static const struct fail_op ops[] = {
		{"open", 0, open_old, close_it, {ENFILE}}, {"open deep", 0, open_deep, close_it, {ENFILE}},
		{"open new", 0, open_new, remove_it, {ENFILE, ENOSPC}}, {"open trunc", make_new, open_trunc, remove_it},
		{"open O_PATH", 0, open_path, close_it}, {"open O_TMPFILE", 0, open_tmpfile, close_it, {ENOSPC}},
		{"open /dev/null", 0, open_null, close_it}, {"open /dev/ptmx", 0, open_pty, close_it, {ENOSPC}},
		{"open /proc/self/status", 0, open_status, close_it}, {"pipe", 0, call_pipe, close_both, {ENFILE}},
		{"dup", 0, call_dup, close_it}, {"dup2", 0, call_dup2_high, close_it}, {"F_DUPFD", 0, call_dupfd, close_it},
		{"eventfd", 0, call_eventfd, close_it, {ENFILE}}, {"epoll", 0, call_epoll, close_it, {ENFILE}},
		{"signalfd", 0, call_signalfd, close_it, {ENFILE}}, {"timerfd", 0, call_timerfd, close_it, {ENFILE}},
		{"pidfd", 0, call_pidfd, close_it, {ENFILE}},
		{"memfd", 0, call_memfd, close_it, {ENFILE}}, {"EPOLL_CTL_ADD", 0, call_epoll_add, epoll_remove, {ENOSPC}},
	};
	alarm(80);
	open_all();
	FAIL_ALL(ops);
}

TEST(names)
{
	static const struct fail_op ops[] = {
		{"mkdir", 0, call_mkdir, remove_it, {ENOSPC}}, {"symlink", 0, call_symlink, remove_it, {ENOSPC}},
		{"link", 0, call_link, remove_it, {ENOSPC}}, {"mknod", 0, call_mknod, remove_it, {ENOSPC}},
		{"rename", make_new, call_rename, remove_it, {ENOSPC}}, {"unlink", make_new, call_unlink, remove_it},
		{"truncate", 0, call_truncate}, {"stat", 0, call_stat}, {"statfs", 0, call_statfs}, {"access", 0, call_access},
		{"chdir", 0, call_chdir}, {"getcwd", 0, call_getcwd}, {"readlink", 0, call_readlink},
		{"mount", 0, call_mount, mount_undo},
	};
	alarm(80);
	open_all();
	FAIL_ALL(ops);
}

TEST(transfers)
{
	static const struct fail_op ops[] = {
		{"write", 0, call_write, write_undo, {ENOSPC}}, {"read of a hole", make_hole, call_read_hole, write_undo},
		{"fallocate", 0, call_fallocate, write_undo, {ENOSPC}}, {"write to a pipe", 0, call_pipe_write, pipe_drain},
		{"sendfile", 0, call_sendfile, pipe_drain}, {"getdents", open_proc, call_getdents, close_proc},
		{"poll", 0, call_poll}, {"flock", 0, call_flock, flock_undo, {ENOLCK}},
		{"lock", 0, call_lock, unlock, {ENOLCK}}, {"unlock in the middle", locked, call_unlock_middle, unlock, {ENOLCK}},
	};
	alarm(80);
	open_all();
	FAIL_ALL(ops);
}

TEST(proc_files)
{
	static const char *const names[] = {"/proc/self/status", "/proc/self/stat", "/proc/self/maps", "/proc/self/smaps",
		"/proc/self/mounts", "/proc/self/mountinfo", "/proc/self/limits", "/proc/self/cmdline", "/proc/meminfo",
		"/proc/cpuinfo", "/proc/stat", "/proc/furca/objects", "/proc/sys/kernel/pid_max"};
	alarm(80);
	fail_open();
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		struct fail_op op = {names[i], open_a_file, read_a_file, close_proc};
		proc_name = names[i];
		fail_all(&op);
	}
}

/* -- signals and identities -- */
static pid_t sharer;
static void with_child(void) { sharer = check_sleeper(); }
static void end_child(long result)
{
	kill(sharer, SIGKILL);
	check_interrupted_wait(sharer, &(int){0});
}
static long call_sigaction(void)
{
	struct { void *handler; unsigned long flags; void *restorer; unsigned long mask; } act = {SIG_IGN};
	return RAW(SYS_rt_sigaction, SIGUSR2, &act, 0, 8);
}
static void sigaction_undo(long result)
{
	signal(SIGUSR2, SIG_DFL);
	end_child(result);
}
static long call_sigqueue(void)
{
	siginfo_t info = {.si_signo = SIGRTMIN, .si_code = SI_QUEUE};
	return RAW(SYS_rt_sigqueueinfo, getpid(), SIGRTMIN, &info);
}
static long call_kill(void) { return RAW(SYS_kill, getpid(), SIGUSR1); }
static void block_all(void)
{
	sigset_t all;
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, 0);
}
static void take_signals(long result)
{
	sigset_t all;
	sigfillset(&all);
	sigdelset(&all, SIGALRM);
	while (sigtimedwait(&all, 0, &(struct timespec){0, 0}) > 0)
		;
	sigemptyset(&all);
	sigprocmask(SIG_SETMASK, &all, 0);
}
static int timer_id;
static long call_timer(void) { return RAW(SYS_timer_create, CLOCK_MONOTONIC, 0, &timer_id); }
static void timer_undo(long result)
{
	if (result == 0)
		RAW(SYS_timer_delete, timer_id);
}
static long call_setgroups(void)
{
	static const gid_t groups[5] = {1, 2, 3, 4, 5};
	return RAW(SYS_setgroups, 5, groups);
}
static long call_setuid(void) { return RAW(SYS_setresuid, -1, 1234, -1); }
static void setuid_undo(long result) { RAW(SYS_setresuid, -1, 0, -1); }
static long call_setreal(void) { return RAW(SYS_setresuid, 1234, -1, -1); }
static void setreal_undo(long result) { RAW(SYS_setresuid, 0, -1, -1); }
static long call_ioprio(void) { return RAW(SYS_ioprio_set, 1, 0, (2 << 13) | 4); }
static long call_nanosleep(void)
{
	struct timespec shortly = {0, 1000};
	return RAW(SYS_nanosleep, &shortly, 0);
}
static long call_umask(void) { return RAW(SYS_umask, 022) * 0; }

TEST(signals_and_ids)
{
	static const struct fail_op ops[] = {
		{"sigaction", with_child, call_sigaction, sigaction_undo, {0}},
		{"sigqueue", block_all, call_sigqueue, take_signals, {EAGAIN}}, {"kill", block_all, call_kill, take_signals},
		{"timer_create", 0, call_timer, timer_undo, {EAGAIN}}, {"setgroups", 0, call_setgroups},
		{"seteuid", 0, call_setuid, setuid_undo, {EAGAIN}}, {"setruid", 0, call_setreal, setreal_undo, {EAGAIN}},
		{"ioprio_set", 0, call_ioprio}, {"nanosleep", 0, call_nanosleep}, {"umask", with_child, call_umask, end_child},
	};
	alarm(80);
	FAIL_ALL(ops);
}

/* A small table of descriptors that grows: in a child each time, since it does not shrink. */
TEST(descriptor_table)
{
	static struct objects before;
	alarm(80);
	for (int how = 0; how < 2; how++) {
		bool used = true;
		for (int n = 0; used && n < 50; n++) {
			int status = -1;
			pid_t pid = fork();
			if (pid == 0) {
				fail_open();
				if (n)
					fail_arm(n);
				long r = how ? RAW(SYS_dup, 1) : RAW(SYS_dup2, 1, 1000);
				long left = n ? fail_disarm() : 0;
				RAW(SYS_exit_group, (r < 0 && (r != -ENOMEM || left)) << 1 | (left == 0));
			}
			CHECK(pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) < 2);
			used = WEXITSTATUS(status) & 1;
			if (n == 0)
				fail_warm_up(&before);
			CHECK_OBJECTS(&before, "dup in a child");
		}
		CHECK(!used);
	}
}
