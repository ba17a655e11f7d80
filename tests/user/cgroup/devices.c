/* Programs that say which devices a control group may open and make: bpf(2) with BPF_PROG_TYPE_CGROUP_DEVICE. */
#include "cgroup.h"
#include <linux/bpf.h>
#include <sys/sysmacros.h>

#define INSN(c, d, s, o, i) ((struct bpf_insn){.code = (c), .dst_reg = (d), .src_reg = (s), .off = (o), .imm = (i)})
#define LOAD(d, at) INSN(BPF_LDX | BPF_MEM | BPF_W, d, 1, at, 0)
#define SET(d, i) INSN(BPF_ALU64 | BPF_MOV | BPF_K, d, 0, 0, i)
#define COPY(d, s) INSN(BPF_ALU | BPF_MOV | BPF_X, d, s, 0, 0)
#define UNLESS(d, i, skip) INSN(BPF_JMP | BPF_JNE | BPF_K, d, 0, skip, i)
#define END INSN(BPF_JMP | BPF_EXIT, 0, 0, 0, 0)
#define COUNT(a) (sizeof(a) / sizeof *(a))

static long bpf(int cmd, union bpf_attr *attr) { return syscall(SYS_bpf, cmd, attr, sizeof *attr); }

static int load(const struct bpf_insn *insns, unsigned n)
{
	union bpf_attr a = {.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE, .insns = (uintptr_t)insns, .insn_cnt = n,
			    .license = (uintptr_t)"MIT"};
	return (int)bpf(BPF_PROG_LOAD, &a);
}
#define LOADED(...) ({ struct bpf_insn insns_[] = {__VA_ARGS__}; load(insns_, COUNT(insns_)); })

static int all_or_none(int yes) { return NEED_OK(LOADED(SET(0, yes), END)); }

/* All but what of major:minor is in the mask of accesses. */
static int refuses(unsigned major, unsigned minor, unsigned accesses)
{
	return NEED_OK(LOADED(LOAD(2, 0), COPY(3, 2), INSN(BPF_ALU | BPF_AND | BPF_K, 2, 0, 0, 0xffff),
			      INSN(BPF_ALU | BPF_RSH | BPF_K, 3, 0, 0, 16), LOAD(4, 4), LOAD(5, 8), SET(0, 1),
			      UNLESS(2, BPF_DEVCG_DEV_CHAR, 5), UNLESS(4, (int)major, 4), UNLESS(5, (int)minor, 3),
			      INSN(BPF_ALU | BPF_AND | BPF_K, 3, 0, 0, (int)accesses),
			      INSN(BPF_JMP | BPF_JEQ | BPF_K, 3, 0, 1, 0), SET(0, 0), END));
}

static int attach(const char *group, int prog, unsigned flags)
{
	int dir = NEED_OK(open(cg_at(group), O_RDONLY | O_DIRECTORY));
	union bpf_attr a = {.target_fd = dir, .attach_bpf_fd = prog, .attach_type = BPF_CGROUP_DEVICE, .attach_flags = flags};
	int r = (int)bpf(BPF_PROG_ATTACH, &a), e = errno;
	close(dir);
	errno = e;
	return r;
}

static int detach(const char *group, int prog)
{
	int dir = NEED_OK(open(cg_at(group), O_RDONLY | O_DIRECTORY));
	union bpf_attr a = {.target_fd = dir, .attach_bpf_fd = prog, .attach_type = BPF_CGROUP_DEVICE};
	int r = (int)bpf(BPF_PROG_DETACH, &a), e = errno;
	close(dir);
	errno = e;
	return r;
}

/* How many are attached; the first id and the flags too. */
static int query(const char *group, unsigned query_flags, unsigned *id, unsigned *flags)
{
	unsigned ids[8] = {0};
	int dir = NEED_OK(open(cg_at(group), O_RDONLY | O_DIRECTORY));
	union bpf_attr a = {.query = {.target_fd = dir, .attach_type = BPF_CGROUP_DEVICE, .query_flags = query_flags,
				      .prog_ids = (uintptr_t)ids, .prog_cnt = COUNT(ids)}};
	int r = (int)bpf(BPF_PROG_QUERY, &a);
	close(dir);
	if (id)
		*id = ids[0];
	if (flags)
		*flags = a.query.attach_flags;
	return r ? -errno : (int)a.query.prog_cnt;
}

static bool has_bpf(void)
{
	union bpf_attr a = {0};
	return bpf(BPF_PROG_LOAD, &a) == 0 || (errno != ENOSYS && errno != EPERM);
}

/* A group of the block's own; left out where programs cannot be loaded. */
#define WITH_PROGRAMS if (has_bpf()) IN_CGROUP

/* 0 or -errno of an open in the group. */
static int open_in(const char *group, const char *path, int how)
{
	pid_t pid = fork();
	int status;
	if (pid == 0) {
		char procs[100];
		snprintf(procs, sizeof procs, "%s%scgroup.procs", group, *group ? "/" : "");
		if (cg_write_number(procs, getpid()))
			_exit(200);
		int fd = open(path, how);
		_exit(fd < 0 ? errno : 0);
	}
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? -WEXITSTATUS(status) : -1000;
}

TEST(refused_programs)
{
	WITH_PROGRAMS {
		CHECK_ERR(LOADED(SET(0, 1)), EINVAL);				/* runs off its end */
		CHECK_ERR(LOADED(END), EACCES);					/* no result */
		CHECK_ERR(LOADED(SET(0, 1), INSN(BPF_JMP | BPF_JA, 0, 0, 5, 0), END), EINVAL);
		CHECK_ERR(LOADED(LOAD(0, 12), END), EACCES);			/* beyond the question */
		CHECK_ERR(LOADED(LOAD(0, 5), END), EACCES);
		CHECK_ERR(LOADED(INSN(BPF_LDX | BPF_MEM | BPF_W, 0, 2, 0, 0), END), EACCES);
		CHECK_ERR(LOADED(SET(0, 1), UNLESS(3, 0, 0), END), EACCES);	/* never set */
		CHECK_ERR(LOADED(SET(0, 1), INSN(BPF_ALU64 | BPF_DIV | BPF_K, 0, 0, 0, 0), END), EINVAL);
		CHECK_ERR(LOADED(SET(11, 1), SET(0, 1), END), EINVAL);
		CHECK_ERR(LOADED(SET(10, 1), SET(0, 1), END), EACCES);		/* the frame pointer */
		CHECK_ERR(LOADED(LOAD(2, 0), UNLESS(2, 1, 1), SET(0, 1), END), EACCES);	/* not set on one of the ways */
		CHECK_ERR(LOADED(SET(0, 1), END, END), EINVAL);			/* nothing comes there */
		CHECK_ERR(load(NULL, 0), E2BIG);
		CHECK_ERR(load((void *)8, 2), EFAULT);
		CHECK_ERR(attach("", 999, 0), EBADF);
		CHECK_ERR(attach("", all_or_none(1), 0x80), EINVAL);
		CHECK_ERR(attach("", all_or_none(1), BPF_F_ALLOW_MULTI | BPF_F_ALLOW_OVERRIDE), EINVAL);
		union bpf_attr a = {.target_fd = 0, .attach_bpf_fd = all_or_none(1), .attach_type = BPF_CGROUP_DEVICE};
		a.target_fd = NEED_OK(open("/", O_RDONLY));
		CHECK_ERR(bpf(BPF_PROG_ATTACH, &a), EBADF);
		CHECK_ERR(bpf(9999, &a), EINVAL);
		/* a program about packets is no program about devices */
		struct bpf_insn yes[] = {SET(0, 1), END};
		union bpf_attr skb = {.prog_type = BPF_PROG_TYPE_CGROUP_SKB, .insns = (uintptr_t)yes, .insn_cnt = 2,
				      .license = (uintptr_t)"MIT"};
		CHECK_ERR(attach("", NEED_OK(bpf(BPF_PROG_LOAD, &skb)), 0), EINVAL);
	}
}

TEST(what_may_be_opened)
{
	WITH_PROGRAMS {
		int prog = refuses(1, 5, BPF_DEVCG_ACC_READ);
		CHECK_EQ(open_in("", "/dev/zero", O_RDONLY), 0);
		CHECK_OK(attach("", prog, 0));
		CHECK_EQ(open_in("", "/dev/zero", O_RDONLY), -EPERM);
		CHECK_EQ(open_in("", "/dev/zero", O_RDWR), -EPERM);
		CHECK_EQ(open_in("", "/dev/zero", O_WRONLY), 0);
		CHECK_EQ(open_in("", "/dev/zero", O_PATH), 0);
		CHECK_EQ(open_in("", "/dev/null", O_RDWR), 0);
		close(prog);			/* the group keeps it */
		CHECK_EQ(open_in("", "/dev/zero", O_RDONLY), -EPERM);
		CHECK_EQ(query("", 0, NULL, NULL), 1);
		CHECK_OK(detach("", -1));
		CHECK_ERR(detach("", -1), ENOENT);
		CHECK_EQ(open_in("", "/dev/zero", O_RDONLY), 0);
		CHECK_EQ(query("", 0, NULL, NULL), 0);
	}
}

TEST(what_may_be_made)
{
	WITH_PROGRAMS {
		check_scratch();
		CHECK_OK(attach("", refuses(1, 5, BPF_DEVCG_ACC_MKNOD), 0));
		IN_CHILD {
			CHECK_OK(cg_write_number("cgroup.procs", getpid()));
			CHECK_ERR(mknod("zero", S_IFCHR | 0600, makedev(1, 5)), EPERM);
			CHECK_OK(mknod("null", S_IFCHR | 0600, makedev(1, 3)));
			CHECK_OK(mknod("fifo", S_IFIFO | 0600, 0));
			CHECK_OK(access("/dev/zero", R_OK));
		}
	}
}

TEST(below_others)
{
	WITH_PROGRAMS {
		unsigned flags, id, other;
		CHECK_OK(mkdir(cg_at("a"), 0755));
		int none = all_or_none(0), all = all_or_none(1), zero = refuses(1, 5, BPF_DEVCG_ACC_READ);
		/* one alone, that nobody below may have in its place */
		CHECK_OK(attach("", zero, 0));
		CHECK_ERR(attach("a", all, 0), EPERM);
		CHECK_EQ(open_in("a", "/dev/zero", O_RDONLY), -EPERM);
		CHECK_EQ(query("a", 0, NULL, NULL), 0);
		CHECK_EQ(query("a", BPF_F_QUERY_EFFECTIVE, NULL, NULL), 1);
		CHECK_ERR(attach("", all, BPF_F_ALLOW_MULTI), EPERM);		/* the flags stay as long as there is one */
		CHECK_OK(detach("", zero));
		/* one that those below may replace */
		CHECK_OK(attach("", zero, BPF_F_ALLOW_OVERRIDE));
		CHECK_OK(attach("a", all, BPF_F_ALLOW_OVERRIDE));
		CHECK_EQ(open_in("a", "/dev/zero", O_RDONLY), 0);
		CHECK_OK(attach("a", none, BPF_F_ALLOW_OVERRIDE));		/* in the other's place */
		CHECK_EQ(query("a", 0, NULL, &flags), 1);
		CHECK_EQ(flags, BPF_F_ALLOW_OVERRIDE);
		CHECK_EQ(open_in("a", "/dev/null", O_RDONLY), -EPERM);
		CHECK_OK(detach("a", none) | detach("", zero));
		/* many: all of them have their say */
		CHECK_OK(attach("", zero, BPF_F_ALLOW_MULTI));
		CHECK_OK(attach("a", all, BPF_F_ALLOW_MULTI));
		CHECK_ERR(attach("a", all, BPF_F_ALLOW_MULTI), EINVAL);
		CHECK_EQ(open_in("a", "/dev/zero", O_RDONLY), -EPERM);
		CHECK_OK(attach("a", none, BPF_F_ALLOW_MULTI));
		CHECK_EQ(open_in("a", "/dev/null", O_RDONLY), -EPERM);
		CHECK_EQ(query("a", 0, &id, NULL), 2);
		CHECK_ERR(detach("a", zero), ENOENT);
		CHECK_ERR(detach("a", -1), EINVAL);
		CHECK_OK(detach("a", none));
		CHECK_EQ(query("a", 0, &other, NULL), 1);
		CHECK_EQ(id, other);
		/* by its number, and in another's place */
		union bpf_attr by_id = {.prog_id = id};
		int again = NEED_OK(bpf(BPF_PROG_GET_FD_BY_ID, &by_id));
		CHECK_ERR(attach("a", again, BPF_F_ALLOW_MULTI), EINVAL);
		int dir = NEED_OK(open(cg_at("a"), O_RDONLY | O_DIRECTORY));
		union bpf_attr r = {.target_fd = dir, .attach_bpf_fd = none, .attach_type = BPF_CGROUP_DEVICE,
				    .attach_flags = BPF_F_ALLOW_MULTI | BPF_F_REPLACE, .replace_bpf_fd = again};
		CHECK_OK(bpf(BPF_PROG_ATTACH, &r));
		CHECK_ERR(bpf(BPF_PROG_ATTACH, &r), EINVAL);
		CHECK_EQ(query("a", 0, &other, NULL), 1);
		CHECK(id != other);
		CHECK_EQ(open_in("a", "/dev/null", O_RDONLY), -EPERM);
		close(all), close(again);
		CHECK_ERR(bpf(BPF_PROG_GET_FD_BY_ID, &by_id), ENOENT);
		close(dir);
		CHECK_OK(rmdir(cg_at("a")));
	}
}

TEST(without_rights)
{
	WITH_PROGRAMS {
		IN_CHILD {
			NEED_OK(setresuid(1000, 1000, 1000));
			CHECK_ERR(LOADED(SET(0, 1), END), EPERM);
			CHECK_EQ(query("", 0, NULL, NULL), -EPERM);
		}
	}
}
