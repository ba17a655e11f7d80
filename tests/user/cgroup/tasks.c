/* Who is in which control group: fork, clone, moving, killing, counting; who may move whom. */
#include "cgroup.h"
#include <pthread.h>

static bool is_in(const char *who, const char *name)
{
	const char *path = cg_of(who), *want = cg_at(name) + strlen(cg_root);
	return !strcmp(path, want);
}

TEST(a_child_is_where_its_parent_is)
{
	IN_CGROUP {
		CHECK_OK(cg_mkdir("a"));
		CHECK_EQ(cg_write("a/cgroup.procs", "0"), 0);
		CHECK(is_in("self", "a"));
		IN_CHILD
			CHECK(is_in("self", "a"));
		pid_t child = check_sleeper();
		CHECK_EQ(cg_lines("a/cgroup.procs"), 2);
		CHECK_EQ(cg_write_number("cgroup.procs", child), 0);
		CHECK_EQ(cg_lines("a/cgroup.procs"), 1);
		CHECK_EQ(cg_lines("cgroup.procs"), 1);
		check_reap(child);
		cg_leave();
		CHECK_STR(cg_of("self"), "/");
		CHECK_EQ(cg_lines("a/cgroup.procs"), 0);
	}
}

TEST(errors_of_moving)
{
	IN_CGROUP {
		CHECK_EQ(cg_write("cgroup.procs", "nobody"), -EINVAL);
		CHECK_EQ(cg_write("cgroup.procs", "-1"), -EINVAL);
		CHECK_EQ(cg_write("cgroup.procs", "4194303"), -ESRCH);
		CHECK_EQ(cg_write("cgroup.procs", "1 2"), -EINVAL);
		CHECK_EQ(cg_write("cgroup.threads", "nobody"), -EINVAL);
		CHECK_EQ(cg_write("cgroup.threads", "4194303"), -ESRCH);
		CHECK_EQ(cg_write("cgroup.threads", "0"), -EOPNOTSUPP);	/* a thread alone stays in its domain */
		CHECK_EQ(cg_write("cgroup.procs", " 0\n"), 0);
		cg_leave();
	}
}

static void *waits(void *arg)
{
	read(*(int *)arg, &(char){0}, 1);
	return 0;
}

TEST(threads_move_together)
{
	IN_CGROUP {
		int ends[2];
		pthread_t threads[4];
		NEED_OK(pipe(ends));
		for (int i = 0; i < 4; i++)
			pthread_create(&threads[i], 0, waits, ends);
		CHECK_OK(cg_mkdir("a"));
		CHECK_OK(cg_mkdir("a/b"));
		CHECK_EQ(cg_write("a/cgroup.procs", "0"), 0);
		CHECK_EQ(cg_lines("a/cgroup.threads"), 5);
		CHECK_EQ(cg_lines("a/cgroup.procs"), 1);
		CHECK_STR(cg_read("pids.current"), "5\n");
		/* any thread's number stands for the process */
		char who[20];
		DIR *dir = opendir("/proc/self/task");
		for (struct dirent *e; (e = readdir(dir));)
			if (atoi(e->d_name) > getpid())
				strcpy(who, e->d_name);
		closedir(dir);
		CHECK_EQ(cg_write("cgroup.procs", who), 0);
		CHECK_EQ(cg_lines("cgroup.threads"), 5);
		/* in a threaded subtree each goes where it likes */
		CHECK_EQ(cg_write("a/cgroup.procs", "0"), 0);
		CHECK_EQ(cg_write("a/b/cgroup.type", "threaded"), 0);
		CHECK_EQ(cg_write("a/b/cgroup.threads", who), 0);
		CHECK_EQ(cg_lines("a/cgroup.threads"), 4);
		CHECK_EQ(cg_lines("a/b/cgroup.threads"), 1);
		CHECK_EQ(cg_lines("a/cgroup.procs"), 1);
		char path[60];
		snprintf(path, sizeof path, "self/task/%s", who);
		CHECK(is_in(path, "a/b"));
		CHECK(is_in("self", "a"));
		CHECK_EQ(cg_write("a/cgroup.threads", who), 0);
		CHECK_EQ(cg_lines("a/b/cgroup.threads"), 0);
		for (int i = 0; i < 4; i++)
			write(ends[1], "x", 1);
		for (int i = 0; i < 4; i++)
			pthread_join(threads[i], 0);
		CHECK_SOON(cg_lines("a/cgroup.threads") == 1);
		CHECK_SOON(!strcmp(cg_read("pids.current"), "1\n"));
		cg_leave();
		CHECK_STR(cg_read("pids.current"), "0\n");
	}
}

TEST(clone_into_a_group)
{
	IN_CGROUP {
		CHECK_OK(cg_mkdir("a"));
		pid_t pid = clone_into("a", 0);
		if (pid == 0)
			_exit(is_in("self", "a") ? 3 : 1);
		CHECK_WAIT(pid, EXITED(3));
		CHECK_EQ(cg_write("a/cgroup.procs", "0"), 0);
		int root = NEED_OK(open(cg_root, O_PATH | O_DIRECTORY));
		struct clone_args args = {.flags = CLONE_INTO_CGROUP, .exit_signal = SIGCHLD, .cgroup = (unsigned)root};
		pid = (pid_t)syscall(SYS_clone3, &args, sizeof args);
		if (pid == 0)
			_exit(!strcmp(cg_of("self"), "/") ? 3 : 1);
		CHECK_WAIT(pid, EXITED(3));
		cg_leave();
		/* not a group's directory */
		int bad[] = {
			NEED_OK(open("/", O_RDONLY | O_DIRECTORY)), NEED_OK(open(cg_at("cgroup.procs"), O_RDONLY)),
			NEED_OK(open("/proc", O_PATH)), 999,
		};
		for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
			args.cgroup = (unsigned)bad[i];
			CHECK_ERR(syscall(SYS_clone3, &args, sizeof args), EBADF);
			close(bad[i]);
		}
		args.cgroup = 0x80000000;
		CHECK_ERR(syscall(SYS_clone3, &args, sizeof args), EINVAL);
		args.cgroup = (unsigned)root;
		CHECK_ERR(syscall(SYS_clone3, &args, 80), EINVAL);	/* a struct without the member */
		int dir = NEED_OK(open(cg_at("a"), O_RDONLY | O_DIRECTORY));
		IN_CHILD {
			CHECK_OK(setuid(65534));
			args.cgroup = (unsigned)dir;
			CHECK_ERR(syscall(SYS_clone3, &args, sizeof args), EACCES);
		}
		close(dir);
		close(root);
	}
}

static int thread_ends(void *arg)
{
	RAW(SYS_nanosleep, &(struct timespec){.tv_nsec = 30000000}, 0);
	return 0;
}

TEST(clone_a_thread_into_a_group)
{
	IN_CGROUP {
		CHECK_OK(cg_mkdir("a"));
		CHECK_OK(cg_mkdir("a/b"));
		CHECK_OK(cg_mkdir("c"));
		CHECK_EQ(cg_write("a/b/cgroup.type", "threaded"), 0);
		CHECK_EQ(cg_write("a/cgroup.procs", "0"), 0);
		char *stack = clone_stack();
		int b = NEED_OK(open(cg_at("a/b"), O_PATH)), c = NEED_OK(open(cg_at("c"), O_PATH));
		struct clone_args args = {
			.flags = CLONE_INTO_CGROUP | CLONE_VM | CLONE_SIGHAND | CLONE_THREAD | CLONE_FS | CLONE_FILES,
			.stack = (uintptr_t)stack, .stack_size = CLONE_STACK_BYTES, .cgroup = (unsigned)b,
		};
		CHECK(clone3_call(&args, sizeof args, thread_ends, 0) > 0);
		CHECK_EQ(cg_lines("a/b/cgroup.threads"), 1);
		CHECK_SOON(cg_lines("a/b/cgroup.threads") == 0);
		args.cgroup = (unsigned)c;
		CHECK_EQ(clone3_call(&args, sizeof args, thread_ends, 0), -EOPNOTSUPP);
		close(b);
		close(c);
		cg_leave();
	}
}

TEST(kill_a_subtree)
{
	IN_CGROUP {
		CHECK_OK(cg_mkdir("a"));
		CHECK_OK(cg_mkdir("a/b"));
		pid_t first = cg_sleeper("a"), second = cg_sleeper("a/b"), outside = cg_sleeper("");
		CHECK_EQ(cg_write("a/cgroup.kill", "0"), -ERANGE);
		CHECK_EQ(cg_write("a/cgroup.kill", "2"), -ERANGE);
		CHECK_EQ(cg_write("a/cgroup.kill", "x"), -EINVAL);
		CHECK_EQ(cg_write("a/cgroup.kill", "1"), 0);
		CHECK_WAIT(first, KILLED(SIGKILL));
		CHECK_WAIT(second, KILLED(SIGKILL));
		CHECK_EQ(kill(outside, 0), 0);
		check_reap(outside);
		/* a stopped and a multi-threaded process die as well */
		pid_t pid = clone_into("a", 0);
		if (pid == 0) {
			char *stack = clone_stack();
			clone_call(CLONE_VM | CLONE_SIGHAND | CLONE_THREAD, CLONE_TOP(stack), 0, 0, 0, thread_ends, 0);
			kill(getpid(), SIGSTOP);
			for (;;)
				pause();
		}
		CHECK_SOON(check_state(pid) == 'T');
		CHECK_EQ(cg_write("a/cgroup.kill", "1"), 0);
		CHECK_WAIT(pid, KILLED(SIGKILL));
	}
}

/* -- pids -- */
TEST(pids_are_counted)
{
	IN_CGROUP {
		CHECK_OK(cg_mkdir("a"));
		pid_t pid = cg_sleeper("a"), other = cg_sleeper("a");
		CHECK_STR(cg_read("pids.current"), "2\n");
		kill(pid, SIGKILL);
		siginfo_t info;
		CHECK_OK(waitid(P_PID, pid, &info, WEXITED | WNOWAIT));
		CHECK_STR(cg_read("pids.current"), "2\n");	/* a zombie has its number still */
		CHECK_WAIT(pid, KILLED(SIGKILL));
		CHECK_STR(cg_read("pids.current"), "1\n");
		check_reap(other);
		CHECK_STR(cg_read("pids.current"), "0\n");
		if (access(cg_at("pids.peak"), F_OK) == 0)	/* of a later Linux than 6.0 */
			CHECK_STR(cg_read("pids.peak"), "2\n");
	}
}

TEST(pids_are_limited)
{
	IN_CGROUP {
		CHECK_EQ(cg_write("pids.max", "-1"), -EINVAL);
		CHECK_EQ(cg_write("pids.max", "many"), -EINVAL);
		CHECK_EQ(cg_write("pids.max", "4194305"), -EINVAL);
		CHECK_EQ(cg_write("pids.max", "4194304"), 0);
		CHECK_STR(cg_read("pids.max"), "4194304\n");
		CHECK_EQ(cg_write("pids.max", "0x2\n"), 0);
		CHECK_STR(cg_read("pids.max"), "2\n");
		CHECK_EQ(cg_write("cgroup.procs", "0"), 0);
		int fd = NEED_OK(open(cg_at("pids.events"), O_RDONLY));
		char text[40];
		struct pollfd p = {.fd = fd, .events = POLLPRI};
		CHECK(read(fd, text, sizeof text) > 0);
		pid_t child = check_sleeper();
		CHECK(child > 0);
		CHECK_EQ(poll(&p, 1, 0), 0);
		CHECK_ERR(fork(), EAGAIN);
		CHECK_EQ(poll(&p, 1, 0), 1);
		CHECK_STR(cg_read("pids.events"), "max 1\n");
		char *stack = clone_stack();
		CHECK_EQ(clone_call(CLONE_VM | CLONE_SIGHAND | CLONE_THREAD, CLONE_TOP(stack), 0, 0, 0, thread_ends, 0), -EAGAIN);
		CHECK_EQ(clone_call(CLONE_VM | CLONE_VFORK | SIGCHLD, CLONE_TOP(stack), 0, 0, 0, thread_ends, 0), -EAGAIN);
		CHECK_STR(cg_read("pids.events"), "max 3\n");
		CHECK_STR(cg_read("pids.current"), "2\n");
		check_reap(child);
		IN_CHILD {
		}
		/* who is moved in is not refused, but then nobody is born */
		CHECK_EQ(cg_write("pids.max", "0"), 0);
		CHECK_ERR(fork(), EAGAIN);
		cg_leave();
		child = check_sleeper();
		CHECK_EQ(cg_write_number("cgroup.procs", child), 0);
		CHECK_STR(cg_read("pids.current"), "1\n");
		CHECK_ERR(clone_into("", 0), EAGAIN);
		CHECK_EQ(cg_write("pids.max", "max"), 0);
		check_reap(child);
		close(fd);
	}
}

TEST(a_limit_above_counts_for_all_below)
{
	IN_CGROUP {
		CHECK_EQ(cg_write("cgroup.subtree_control", "+pids"), 0);
		CHECK_OK(cg_mkdir("a"));
		CHECK_OK(cg_mkdir("b"));
		CHECK_EQ(cg_write("pids.max", "2"), 0);
		pid_t one = cg_sleeper("a"), two = cg_sleeper("b");
		CHECK_ERR(clone_into("a", 0), EAGAIN);
		CHECK_EQ(cg_key("a/pids.events", "max"), 1);
		check_reap(two);
		two = cg_sleeper("a");
		CHECK_STR(cg_read("a/pids.current"), "2\n");
		check_reap(one);
		check_reap(two);
	}
}

/* -- who may -- */
TEST(delegation)
{
	IN_CGROUP {
		CHECK_OK(cg_mkdir("a"));
		CHECK_OK(cg_mkdir("a/b"));
		CHECK_OK(chown(cg_at("a"), 65534, 65534));
		CHECK_OK(chown(cg_at("a/cgroup.procs"), 65534, 65534));
		CHECK_OK(chown(cg_at("a/b/cgroup.procs"), 65534, 65534));
		struct stat st;
		CHECK_OK(stat(cg_at("a/cgroup.procs"), &st));
		CHECK_EQ(st.st_uid, 65534);
		pid_t inside = clone_into("a", 0);
		if (inside == 0) {
			CHECK_OK(setuid(65534));
			CHECK_EQ(cg_write("a/b/cgroup.procs", "0"), 0);	/* within what is his */
			CHECK(is_in("self", "a/b"));
			CHECK_OK(cg_mkdir("a/c"));
			CHECK_EQ(cg_write("a/c/cgroup.procs", "0"), 0);
			CHECK_EQ(cg_write("a/cgroup.procs", "0"), 0);
			CHECK_OK(cg_rmdir("a/c"));
			CHECK_EQ(cg_write("cgroup.procs", "0"), -EACCES);	/* not above it */
			CHECK_ERR(cg_mkdir("d"), EACCES);
			_exit(check_failed != 0);
		}
		CHECK_WAIT(inside, EXITED(0));
		IN_CHILD {
			/* nor from outside in: the common ancestor is not his */
			CHECK_OK(setuid(65534));
			CHECK_EQ(cg_write("a/cgroup.procs", "0"), -EACCES);
		}
		/* it is the opener's right that counts */
		int fd;
		CHECK_EQ(cg_write("a/b/cgroup.procs", "0"), 0);
		CHECK_OK(chown(cg_at("cgroup.procs"), 65534, -1));
		CHECK_OK(seteuid(65534));
		fd = open(cg_at("a/cgroup.procs"), O_WRONLY);
		CHECK_OK(seteuid(0));
		CHECK_OK(chown(cg_at("a/cgroup.procs"), 0, -1));
		CHECK_ERR(write(fd, "0", 1), EACCES);
		close(fd);
		cg_leave();
	}
}

/* -- namespaces -- */
TEST(a_namespace_hides_what_is_above)
{
	IN_CGROUP {
		CHECK_OK(cg_mkdir("a"));
		CHECK_OK(cg_mkdir("a/b"));
		pid_t outside = getpid();
		CHECK_EQ(cg_write("a/cgroup.procs", "0"), 0);
		IN_CHILD {
			char who[20];
			snprintf(who, sizeof who, "%d", outside);
			CHECK_OK(unshare(CLONE_NEWCGROUP));
			CHECK_STR(cg_of("self"), "/");
			CHECK_STR(cg_of(who), "/");
			CHECK_EQ(cg_write("a/b/cgroup.procs", "0"), 0);
			CHECK_STR(cg_of("self"), "/b");
			CHECK_EQ(cg_write("cgroup.procs", "0"), 0);
			CHECK_STR(cg_of("self"), "/..");
			cg_leave();
			CHECK_STR(cg_of("self"), "/../..");
			CHECK_STR(cg_of(who), "/");
			CHECK_STR(cg_of("1"), "/../..");
		}
		pid_t child = (pid_t)syscall(SYS_clone, CLONE_NEWCGROUP | SIGCHLD, 0, 0, 0, 0);
		if (child == 0)
			_exit(strcmp(cg_of("self"), "/") ? 1 : 0);
		CHECK_WAIT(child, EXITED(0));
		cg_leave();
		IN_CHILD {
			CHECK_OK(setuid(65534));
			CHECK_ERR(unshare(CLONE_NEWCGROUP), EPERM);
		}
	}
}

TEST(a_mount_in_a_namespace_begins_at_its_root)
{
	IN_CGROUP {
		CHECK_OK(cg_mkdir("a"));
		CHECK_OK(cg_mkdir("a/b"));
		check_scratch();
		CHECK_OK(mkdir("here", 0755));
		IN_CHILD {
			CHECK_EQ(cg_write("a/cgroup.procs", "0"), 0);
			CHECK_OK(unshare(CLONE_NEWCGROUP));
			NEED_OK(mount("x", "here", "cgroup2", 0, 0));
			CHECK_OK(access("here/b/cgroup.procs", F_OK));
			CHECK_OK(access("here/cgroup.type", F_OK));
			CHECK_ERR(access("here/a", F_OK), ENOENT);
			CHECK_EQ(cg_write_at("here/b/cgroup.procs", "0"), 0);
			CHECK_STR(cg_of("self"), "/b");
			cg_leave();
			CHECK_OK(umount("here"));
		}
		CHECK_ERR(mount("x", "here", "cgroup2", 0, "nonsense"), EINVAL);
	}
}

TEST(a_namespace_as_a_border)
{
	IN_CGROUP {
		char text[4096];
		CHECK_OK(cg_mkdir("a"));
		CHECK_OK(cg_mkdir("a/b"));
		check_scratch();
		CHECK_OK(mkdir("here", 0755));
		CHECK_OK(mount("x", "here", "cgroup2", 0, "nsdelegate"));
		CHECK(check_slurp("/proc/self/mounts", text, sizeof text) > 0 && strstr(text, "nsdelegate"));
		IN_CHILD {
			CHECK_EQ(cg_write("a/cgroup.procs", "0"), 0);
			CHECK_OK(unshare(CLONE_NEWCGROUP));
			CHECK_EQ(cg_write("a/b/cgroup.procs", "0"), 0);
			CHECK_EQ(cg_write("a/cgroup.procs", "0"), 0);
			CHECK_EQ(cg_write("cgroup.procs", "0"), -ENOENT);	/* out of it */
			/* the limits of the border are not for those within; its members and children are */
			CHECK_EQ(cg_write("a/cgroup.freeze", "1"), -EPERM);
			CHECK_EQ(cg_write("a/cgroup.max.depth", "1"), -EPERM);
			CHECK_EQ(cg_write("a/cgroup.subtree_control", ""), 0);
			CHECK_EQ(cg_write("a/b/cgroup.max.depth", "1"), 0);
		}
		CHECK_OK(umount("here"));
		/* the options are the tree's */
		CHECK_OK(mount("x", "here", "cgroup2", 0, 0));
		CHECK_OK(umount("here"));
	}
}
