/* cgroups(7), version 2: the tree: names, files, limits of its size, populated, threaded subtrees. */
#include "cgroup.h"

TEST(files_of_a_group)
{
	static const char *const files[] = {
		"cgroup.controllers", "cgroup.events", "cgroup.freeze", "cgroup.kill", "cgroup.max.depth",
		"cgroup.max.descendants", "cgroup.procs", "cgroup.stat", "cgroup.subtree_control", "cgroup.threads", "cgroup.type",
		"pids.current", "pids.events", "pids.max",
	};
	static const char *const not_on_root[] = {
		"cgroup.events", "cgroup.freeze", "cgroup.kill", "cgroup.type", "pids.current", "pids.events", "pids.max",
	};
	char path[300];
	IN_CGROUP {
		for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
			struct stat st = {};
			CHECK_OK(stat(cg_at(files[i]), &st));
			CHECK(S_ISREG(st.st_mode));
			bool reads = !strcmp(files[i], "cgroup.controllers") || !strcmp(files[i], "cgroup.events") ||
				     !strcmp(files[i], "cgroup.stat") || !strcmp(files[i], "pids.current") ||
				     !strcmp(files[i], "pids.events");
			CHECK_EQ(st.st_mode & 0777, reads ? 0444 : !strcmp(files[i], "cgroup.kill") ? 0200 : 0644);
		}
		for (size_t i = 0; i < sizeof not_on_root / sizeof *not_on_root; i++) {
			snprintf(path, sizeof path, "%s/%s", cg_root, not_on_root[i]);
			CHECK_ERR(access(path, F_OK), ENOENT);
		}
		CHECK_STR(cg_read("cgroup.events"), "populated 0\nfrozen 0\n");
		CHECK_STR(cg_read("cgroup.type"), "domain\n");
		CHECK_STR(cg_read("cgroup.procs"), "");
		CHECK_STR(cg_read("cgroup.threads"), "");
		CHECK_STR(cg_read("cgroup.subtree_control"), "");
		CHECK_STR(cg_read("cgroup.max.depth"), "max\n");
		CHECK_STR(cg_read("cgroup.max.descendants"), "max\n");
		CHECK_STR(cg_read("cgroup.freeze"), "0\n");
		CHECK_STR(cg_read("pids.max"), "max\n");
		CHECK_STR(cg_read("pids.current"), "0\n");
		CHECK_STR(cg_read("pids.events"), "max 0\n");
		CHECK(strstr(cg_read("cgroup.controllers"), "pids"));
		CHECK(strstr(cg_read("cgroup.stat"), "nr_descendants 0\nnr_dying_descendants 0\n") == cg_read("cgroup.stat") ||
		      cg_key("cgroup.stat", "nr_descendants") == 0);
		char text[10];
		int kills = NEED_OK(open(cg_at("cgroup.kill"), O_RDONLY)), events = NEED_OK(open(cg_at("cgroup.events"), O_WRONLY));
		CHECK_ERR(read(kills, text, sizeof text), EINVAL);
		CHECK_ERR(write(events, "1", 1), EINVAL);
		close(kills);
		close(events);
	}
}

TEST(what_cannot_be_made_or_moved)
{
	IN_CGROUP {
		CHECK_ERR(open(cg_at("file"), O_CREAT | O_WRONLY, 0644), EACCES);
		CHECK_ERR(unlink(cg_at("cgroup.procs")), EPERM);
		CHECK_ERR(symlink("a", cg_at("link")), EPERM);
		CHECK_ERR(mknod(cg_at("fifo"), S_IFIFO | 0644, 0), EPERM);
		CHECK_ERR(cg_mkdir("new\nline"), EINVAL);
		CHECK_OK(cg_mkdir("a"));
		CHECK_ERR(cg_mkdir("a"), EEXIST);
		CHECK_ERR(cg_mkdir("cgroup.procs"), EEXIST);
		CHECK_ERR(rename(cg_at("a"), cg_at("b")), EPERM);
		CHECK_ERR(cg_rmdir("cgroup.procs"), ENOTDIR);
		CHECK_OK(cg_mkdir("a/b"));
		CHECK_ERR(cg_rmdir("a"), EBUSY);
		CHECK_OK(cg_rmdir("a/b"));
		CHECK_OK(cg_rmdir("a"));
	}
}

TEST(a_removed_group_is_gone)
{
	char link[60];
	IN_CGROUP {
		CHECK_OK(cg_mkdir("a"));
		int fd = NEED_OK(open(cg_at("a/cgroup.procs"), O_RDWR)), dir = NEED_OK(open(cg_at("a"), O_RDONLY));
		int events = NEED_OK(open(cg_at("a/cgroup.events"), O_RDONLY));
		CHECK_OK(cg_rmdir("a"));
		CHECK_ERR(read(fd, link, sizeof link), ENODEV);
		CHECK_ERR(write(fd, "0", 1), ENODEV);
		CHECK_ERR(read(events, link, sizeof link), ENODEV);
		CHECK_ERR(openat(dir, "cgroup.procs", O_RDONLY), ENOENT);
		CHECK_ERR(mkdirat(dir, "b", 0755), ENOENT);
		struct clone_args args = {.flags = CLONE_INTO_CGROUP, .exit_signal = SIGCHLD, .cgroup = (unsigned)dir};
		CHECK_ERR(syscall(SYS_clone3, &args, sizeof args), ENOENT);
		close(fd);
		close(dir);
		close(events);
	}
}

TEST(limits_of_the_tree)
{
	IN_CGROUP {
		CHECK_EQ(cg_write("cgroup.max.depth", "1"), 0);
		CHECK_STR(cg_read("cgroup.max.depth"), "1\n");
		CHECK_OK(cg_mkdir("a"));
		CHECK_ERR(cg_mkdir("a/b"), EAGAIN);
		CHECK_EQ(cg_write("cgroup.max.depth", " max\n"), 0);
		CHECK_OK(cg_mkdir("a/b"));
		CHECK_EQ(cg_key("cgroup.stat", "nr_descendants"), 2);
		CHECK_EQ(cg_key("a/cgroup.stat", "nr_descendants"), 1);
		CHECK_EQ(cg_write("cgroup.max.descendants", "2"), 0);
		CHECK_ERR(cg_mkdir("c"), EAGAIN);
		CHECK_ERR(cg_mkdir("a/b/c"), EAGAIN);
		CHECK_EQ(cg_write("cgroup.max.descendants", "0"), 0);	/* what is there stays */
		CHECK_OK(cg_rmdir("a/b"));
		CHECK_ERR(cg_mkdir("a/b"), EAGAIN);
		CHECK_EQ(cg_write("cgroup.max.descendants", "-1"), -ERANGE);
		CHECK_EQ(cg_write("cgroup.max.descendants", "none"), -EINVAL);
		CHECK_EQ(cg_write("cgroup.max.descendants", "99999999999"), -ERANGE);
		CHECK_EQ(cg_write("cgroup.max.depth", "-1"), -ERANGE);
		CHECK_EQ(cg_write("cgroup.max.depth", ""), 0);	/* nothing was written */
		CHECK_STR(cg_read("cgroup.max.descendants"), "0\n");
	}
}

TEST(populated)
{
	IN_CGROUP {
		CHECK_OK(cg_mkdir("a"));
		CHECK_OK(cg_mkdir("a/b"));
		CHECK_OK(cg_mkdir("a/c"));
		int fd = NEED_OK(open(cg_at("cgroup.events"), O_RDONLY));
		char text[100];
		struct pollfd p = {.fd = fd, .events = POLLPRI};
		CHECK(read(fd, text, sizeof text) > 0);
		CHECK_EQ(poll(&p, 1, 0), 0);
		pid_t pid = cg_sleeper("a/b");
		CHECK_EQ(poll(&p, 1, 1000), 1);
		CHECK_EQ(p.revents, POLLPRI | POLLERR);
		CHECK_EQ(cg_key("a/b/cgroup.events", "populated"), 1);
		CHECK_EQ(cg_key("a/cgroup.events", "populated"), 1);
		CHECK_EQ(cg_key("cgroup.events", "populated"), 1);
		CHECK_EQ(cg_key("a/c/cgroup.events", "populated"), 0);
		CHECK_OK(lseek(fd, 0, SEEK_SET));
		CHECK(read(fd, text, sizeof text) > 0);
		CHECK(strstr(text, "populated 1"));
		CHECK_EQ(poll(&p, 1, 0), 0);
		CHECK_ERR(cg_rmdir("a/b"), EBUSY);
		CHECK_ERR(cg_rmdir("a"), EBUSY);
		kill(pid, SIGKILL);
		siginfo_t info;
		CHECK_OK(waitid(P_PID, pid, &info, WEXITED | WNOWAIT));
		/* a zombie is nobody */
		CHECK_EQ(cg_key("cgroup.events", "populated"), 0);
		CHECK_EQ(poll(&p, 1, 1000), 1);
		CHECK_STR(cg_read("a/b/cgroup.procs"), "");
		CHECK_OK(cg_rmdir("a/b"));
		char who[20];
		snprintf(who, sizeof who, "%d", pid);
		CHECK(strstr(cg_of(who), "/a/b (deleted)"));
		check_reap(pid);
		close(fd);
	}
}

TEST(types)
{
	IN_CGROUP {
		CHECK_OK(cg_mkdir("a"));
		CHECK_OK(cg_mkdir("a/b"));
		CHECK_OK(cg_mkdir("a/b/c"));
		CHECK_OK(cg_mkdir("a/d"));
		CHECK_EQ(cg_write("a/cgroup.type", "domain"), -EINVAL);
		CHECK_EQ(cg_write("a/cgroup.type", "nonsense"), -EINVAL);
		CHECK_EQ(cg_write("a/b/cgroup.type", "threaded\n"), 0);
		CHECK_STR(cg_read("a/b/cgroup.type"), "threaded\n");
		CHECK_STR(cg_read("a/cgroup.type"), "domain threaded\n");
		CHECK_STR(cg_read("a/b/c/cgroup.type"), "domain invalid\n");
		CHECK_STR(cg_read("a/d/cgroup.type"), "domain invalid\n");
		CHECK_EQ(cg_write("a/b/cgroup.type", "threaded"), 0);	/* already */
		CHECK_EQ(cg_write("a/d/cgroup.procs", "0"), -EOPNOTSUPP);
		CHECK_EQ(cg_write("a/b/c/cgroup.procs", "0"), -EOPNOTSUPP);
		CHECK_ERR(clone_into("a/b/c", 0), EOPNOTSUPP);
		CHECK_STR(cg_read("a/b/cgroup.procs"), "errno 95");
		CHECK_STR(cg_read("a/b/cgroup.threads"), "");
		CHECK_EQ(cg_write("a/b/c/cgroup.type", "threaded"), 0);
		CHECK_STR(cg_read("a/b/c/cgroup.type"), "threaded\n");
		CHECK_EQ(cg_write("a/b/cgroup.kill", "1"), -EOPNOTSUPP);
		/* a process in a threaded group belongs to the domain above */
		pid_t pid = cg_sleeper("a/b");
		CHECK_EQ(cg_lines("a/cgroup.procs"), 1);
		CHECK_EQ(cg_lines("a/b/cgroup.threads"), 1);
		CHECK_STR(cg_read("a/cgroup.threads"), "");
		check_reap(pid);
		CHECK_OK(cg_rmdir("a/b/c"));
		CHECK_OK(cg_rmdir("a/b"));
		CHECK_STR(cg_read("a/cgroup.type"), "domain\n");
		CHECK_STR(cg_read("a/d/cgroup.type"), "domain\n");
		/* not once it is populated */
		pid = cg_sleeper("a/d");
		CHECK_EQ(cg_write("a/d/cgroup.type", "threaded"), -EOPNOTSUPP);
		CHECK_OK(cg_mkdir("a/e"));
		CHECK_EQ(cg_write("a/e/cgroup.type", "threaded"), -EOPNOTSUPP);	/* beside a populated domain */
		check_reap(pid);
		CHECK_EQ(cg_write("a/e/cgroup.type", "threaded"), 0);
	}
}

TEST(controllers_from_the_top_down)
{
	IN_CGROUP {
		CHECK_OK(cg_mkdir("a"));
		CHECK_OK(cg_mkdir("a/b"));
		CHECK_ERR(access(cg_at("a/pids.max"), F_OK), ENOENT);
		CHECK_STR(cg_read("a/cgroup.controllers"), "");
		CHECK_EQ(cg_write("a/cgroup.subtree_control", "+pids"), -ENOENT);
		CHECK_EQ(cg_write("cgroup.subtree_control", "pids"), -EINVAL);
		CHECK_EQ(cg_write("cgroup.subtree_control", "+nonsense"), -EINVAL);
		CHECK_EQ(cg_write("cgroup.subtree_control", "*pids"), -EINVAL);
		CHECK_EQ(cg_write("cgroup.subtree_control", "+pids -pids"), 0);
		CHECK_STR(cg_read("cgroup.subtree_control"), "");
		CHECK_EQ(cg_write("cgroup.subtree_control", " +pids \n"), 0);
		CHECK_STR(cg_read("cgroup.subtree_control"), "pids\n");
		CHECK_STR(cg_read("a/cgroup.controllers"), "pids\n");
		CHECK_STR(cg_read("a/pids.max"), "max\n");
		CHECK_ERR(access(cg_at("a/b/pids.max"), F_OK), ENOENT);
		CHECK_EQ(cg_write("a/cgroup.subtree_control", "+pids"), 0);
		CHECK_STR(cg_read("a/b/pids.max"), "max\n");
		CHECK_EQ(cg_write("cgroup.subtree_control", "-pids"), -EBUSY);
		CHECK_OK(cg_mkdir("a/c"));
		CHECK_STR(cg_read("a/c/pids.max"), "max\n");	/* a new one has them at once */
		CHECK_EQ(cg_write("a/c/pids.max", "7"), 0);
		int fd = NEED_OK(open(cg_at("a/c/pids.max"), O_RDONLY));
		char text[20];
		CHECK_EQ(cg_write("a/cgroup.subtree_control", "-pids"), 0);
		CHECK_ERR(access(cg_at("a/c/pids.max"), F_OK), ENOENT);
		CHECK_ERR(read(fd, text, sizeof text), ENODEV);
		close(fd);
		CHECK_EQ(cg_write("a/cgroup.subtree_control", "+pids"), 0);
		CHECK_STR(cg_read("a/c/pids.max"), "max\n");
		CHECK_EQ(cg_write("a/cgroup.subtree_control", "-pids"), 0);
		CHECK_EQ(cg_write("cgroup.subtree_control", "-pids"), 0);
		CHECK_EQ(cg_write("cgroup.subtree_control", "-pids"), 0);
	}
}

TEST(inner_processes_make_a_thread_root)
{
	IN_CGROUP {
		CHECK_OK(cg_mkdir("a"));
		pid_t pid = cg_sleeper("");
		/* pids is a controller of threads: it may be on where there are processes, and below them is no domain */
		CHECK_EQ(cg_write("cgroup.subtree_control", "+pids"), 0);
		CHECK_STR(cg_read("cgroup.type"), "domain threaded\n");
		CHECK_STR(cg_read("a/cgroup.type"), "domain invalid\n");
		CHECK_EQ(cg_write("a/cgroup.procs", "0"), -EOPNOTSUPP);
		check_reap(pid);
		CHECK_STR(cg_read("a/cgroup.type"), "domain\n");
		pid = cg_sleeper("a");
		/* with a populated domain below, a process may not come in */
		CHECK_EQ(cg_write("cgroup.procs", "0"), -EBUSY);
		CHECK_ERR(clone_into("", 0), EBUSY);
		check_reap(pid);
		CHECK_EQ(cg_write("cgroup.procs", "0"), 0);
		cg_leave();
	}
}

TEST(proc_cgroups)
{
	char text[2000];
	IN_CGROUP {
		CHECK(check_slurp("/proc/cgroups", text, sizeof text) > 0);
		CHECK(strstr(text, "#subsys_name\thierarchy\tnum_cgroups\tenabled\n") == text);
		char *line = strstr(text, "pids\t0\t");
		CHECK(line);
		int before = line ? atoi(line + 7) : 0;
		CHECK(before >= 2);
		CHECK_OK(cg_mkdir("a"));
		CHECK(check_slurp("/proc/cgroups", text, sizeof text) > 0);
		line = strstr(text, "pids\t0\t");
		CHECK_EQ(line ? atoi(line + 7) : 0, before + 1);
		CHECK(check_slurp("/proc/filesystems", text, sizeof text) > 0);
		CHECK(strstr(text, "nodev\tcgroup2\n"));
	}
}
