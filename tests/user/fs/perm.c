/* Permissions: by user, group and others, by capabilities, sticky folders, ids. */
#include "check.h"
#include <linux/capability.h>
#include <sys/prctl.h>

static void become(uid_t uid, gid_t gid)
{
	CHECK_EQ(RAW(SYS_setgroups, 0, 0), 0);
	CHECK_OK(setresgid(gid, gid, gid));
	CHECK_OK(setresuid(uid, uid, uid));
}

static void make(const char *name, mode_t mode, uid_t uid, gid_t gid)
{
	CHECK_OK(check_spew(name, "x", 1, 0644));
	CHECK_OK(chown(name, uid, gid));
	CHECK_OK(chmod(name, mode));
}

/* Told in rising order, whatever order they were set in. */
TEST(groups_are_sorted)
{
	gid_t many[300], told[300];
	IN_CHILD {
		for (int i = 0; i < 300; i++)
			many[i] = (gid_t)(i * 7919 % 300 / 2 + 10);
		CHECK_EQ(RAW(SYS_setgroups, 300, many), 0);
		CHECK_EQ(RAW(SYS_getgroups, 300, told), 300);
		for (int i = 0; i < 300; i++)
			CHECK_EQ(told[i], i / 2 + 10);
	}
}

TEST(owner_group_others)
{
	check_scratch();
	make("f", 0640, 100, 200);
	IN_CHILD {
		become(100, 999);
		CHECK_OK(open("f", O_RDWR));
	}
	IN_CHILD {
		become(101, 200);
		CHECK_OK(open("f", O_RDONLY));
		CHECK_ERR(open("f", O_WRONLY), EACCES);
	}
	IN_CHILD {
		become(101, 201);
		CHECK_ERR(open("f", O_RDONLY), EACCES);
		struct stat st;
		CHECK_OK(stat("f", &st));
	}
}

TEST(the_first_class_that_fits_decides)
{
	check_scratch();
	make("f", 0066, 100, 200);
	IN_CHILD {
		become(100, 200);
		CHECK_ERR(open("f", O_RDONLY), EACCES);
	}
	IN_CHILD {
		become(101, 200);
		CHECK_OK(open("f", O_RDWR));
	}
	make("f", 0606, 100, 200);
	IN_CHILD {
		become(101, 200);
		CHECK_ERR(open("f", O_RDONLY), EACCES);
	}
	CHECK_OK(open("f", O_RDWR)); /* root */
}

TEST(supplementary_groups)
{
	check_scratch();
	make("f", 0040, 100, 200);
	IN_CHILD {
		gid_t groups[] = {7, 200, 9};
		CHECK_EQ(RAW(SYS_setgroups, 3, groups), 0);
		CHECK_OK(setresgid(300, 300, 300));
		CHECK_OK(setresuid(101, 101, 101));
		CHECK_OK(open("f", O_RDONLY));
		CHECK_EQ(RAW(SYS_setgroups, 0, 0), -EPERM);
		gid_t got[8];
		CHECK_EQ(getgroups(8, got), 3);
		CHECK_EQ(getgroups(0, 0), 3);
		CHECK_ERR(getgroups(2, got), EINVAL);
	}
}

TEST(folders)
{
	check_scratch();
	CHECK_OK(mkdir("search", 0711));
	CHECK_OK(mkdir("list", 0744));
	make("search/f", 0644, 0, 0);
	make("list/f", 0644, 0, 0);
	IN_CHILD {
		become(100, 100);
		CHECK_OK(open("search/f", O_RDONLY));
		CHECK_ERR(open("search", O_RDONLY), EACCES);
		CHECK_ERR(open("search/new", O_RDWR | O_CREAT, 0644), EACCES);
		CHECK_ERR(unlink("search/f"), EACCES);
		CHECK_ERR(mkdir("search/d", 0755), EACCES);
		CHECK_ERR(rename("search/f", "search/g"), EACCES);
		CHECK(link("search/f", "search/g") == -1 && (errno == EACCES || errno == EPERM));
		CHECK_OK(open("list", O_RDONLY));
		CHECK_ERR(open("list/f", O_RDONLY), EACCES);
		CHECK_ERR(chdir("list"), EACCES);
		CHECK_OK(chdir("search"));
	}
}

TEST(sticky_folders)
{
	check_scratch();
	CHECK_OK(mkdir("t", 0777));
	CHECK_OK(chmod("t", 01777));
	make("t/a", 0666, 100, 100);
	make("t/b", 0666, 100, 100);
	IN_CHILD {
		become(101, 101);
		CHECK_ERR(unlink("t/a"), EPERM);
		CHECK_ERR(rename("t/a", "t/c"), EPERM);
		CHECK_OK(open("t/mine", O_RDWR | O_CREAT, 0644));
		CHECK_ERR(rename("t/mine", "t/a"), EPERM);
		CHECK_OK(unlink("t/mine"));
	}
	IN_CHILD {
		become(100, 100);
		CHECK_OK(unlink("t/a"));
	}
	CHECK_OK(unlink("t/b"));
}

TEST(changing_mode_and_owner)
{
	struct stat st;
	check_scratch();
	make("f", 0644, 100, 200);
	make("g", 0644, 101, 200);
	IN_CHILD {
		gid_t groups[] = {201};
		CHECK_EQ(RAW(SYS_setgroups, 1, groups), 0);
		CHECK_OK(setresgid(200, 200, 200));
		CHECK_OK(setresuid(100, 100, 100));
		CHECK_OK(chmod("f", 0600));
		CHECK_ERR(chmod("g", 0600), EPERM);
		CHECK_OK(chown("f", -1, 201));
		CHECK_ERR(chown("f", -1, 999), EPERM);
		CHECK_ERR(chown("f", 101, -1), EPERM);
		CHECK_ERR(chown("g", -1, 201), EPERM);
		CHECK_OK(chmod("f", 02755)); /* the group is one of ours */
		CHECK_OK(stat("f", &st));
		CHECK_EQ(st.st_mode & 07777, 02755);
	}
	make("h", 0644, 100, 555);
	IN_CHILD {
		become(100, 100);
		CHECK_OK(chmod("h", 02755)); /* not of ours: the bit is dropped */
		CHECK_OK(stat("h", &st));
		CHECK_EQ(st.st_mode & 07777, 0755);
	}
}

TEST(times_of_others)
{
	struct timespec some[2] = {{1, 0}, {2, 0}};
	check_scratch();
	make("f", 0666, 100, 100);
	make("g", 0644, 100, 100);
	IN_CHILD {
		become(101, 101);
		CHECK_ERR(utimensat(AT_FDCWD, "f", some, 0), EPERM);
		CHECK_OK(utimensat(AT_FDCWD, "f", 0, 0)); /* now: whoever may write */
		CHECK_ERR(utimensat(AT_FDCWD, "g", 0, 0), EACCES);
	}
}

TEST(set_group_id_folder)
{
	struct stat st;
	check_scratch();
	CHECK_OK(mkdir("d", 0777));
	CHECK_OK(chown("d", 0, 321));
	CHECK_OK(chmod("d", 02777));
	CHECK_OK(open("d/f", O_RDWR | O_CREAT, 0644));
	CHECK_OK(stat("d/f", &st));
	CHECK_EQ(st.st_gid, 321);
	CHECK_OK(mkdir("d/e", 0755));
	CHECK_OK(stat("d/e", &st));
	CHECK_EQ(st.st_gid, 321);
	CHECK(st.st_mode & S_ISGID);
}

static unsigned long effective(void)
{
	struct __user_cap_header_struct head = {_LINUX_CAPABILITY_VERSION_3, 0};
	struct __user_cap_data_struct data[2] = {0};
	CHECK_EQ(RAW(SYS_capget, &head, data), 0);
	return data[0].effective | (unsigned long)data[1].effective << 32;
}

TEST(capabilities_follow_the_ids)
{
	CHECK(effective() >> CAP_DAC_OVERRIDE & 1);
	IN_CHILD {
		CHECK_OK(seteuid(100));
		CHECK_EQ(effective(), 0);
		CHECK_OK(seteuid(0));
		CHECK(effective() != 0);
		CHECK_OK(setuid(100));
		CHECK_EQ(effective(), 0);
		CHECK_ERR(setuid(0), EPERM);
		CHECK_ERR(seteuid(0), EPERM);
	}
}

TEST(dropping_one_capability)
{
	check_scratch();
	make("f", 0000, 100, 100);
	CHECK_OK(open("f", O_RDWR));
	IN_CHILD {
		struct __user_cap_header_struct head = {_LINUX_CAPABILITY_VERSION_3, 0};
		struct __user_cap_data_struct data[2] = {0};
		CHECK_EQ(RAW(SYS_capget, &head, data), 0);
		data[0].effective &= ~(1u << CAP_DAC_OVERRIDE | 1u << CAP_DAC_READ_SEARCH);
		CHECK_EQ(RAW(SYS_capset, &head, data), 0);
		CHECK_ERR(open("f", O_RDWR), EACCES);
		CHECK_OK(chown("f", 0, 0));
		data[0].permitted &= ~(1u << CAP_DAC_OVERRIDE);
		CHECK_EQ(RAW(SYS_capset, &head, data), 0);
		data[0].effective |= 1u << CAP_DAC_OVERRIDE;
		CHECK_EQ(RAW(SYS_capset, &head, data), -EPERM);
		IN_CHILD {
			CHECK(!(effective() >> CAP_DAC_OVERRIDE & 1));
		}
	}
}

TEST(keep_capabilities)
{
	IN_CHILD {
		CHECK_OK(prctl(PR_SET_KEEPCAPS, 1));
		CHECK_OK(setresuid(100, 100, 100));
		struct __user_cap_header_struct head = {_LINUX_CAPABILITY_VERSION_3, 0};
		struct __user_cap_data_struct data[2] = {0};
		CHECK_EQ(RAW(SYS_capget, &head, data), 0);
		CHECK_EQ(data[0].effective, 0);
		CHECK(data[0].permitted >> CAP_SETUID & 1);
	}
}

TEST(id_calls)
{
	uid_t r, e, s;
	IN_CHILD {
		CHECK_OK(setresuid(1, 2, 3));
		CHECK_OK(getresuid(&r, &e, &s));
		CHECK_EQ(r * 100 + e * 10 + s, 123);
		CHECK_OK(setresuid(-1, 3, -1));
		CHECK_EQ(geteuid(), 3);
		CHECK_OK(setreuid(3, 1));
		CHECK_ERR(setresuid(4, -1, -1), EPERM);
		CHECK_ERR(setreuid(-1, 9), EPERM);
	}
	IN_CHILD {
		CHECK_OK(setresgid(1, 2, 3));
		CHECK_OK(getresgid(&r, &e, &s));
		CHECK_EQ(r * 100 + e * 10 + s, 123);
		CHECK_OK(setregid(5, 6));
		CHECK_EQ(getgid() * 10 + getegid(), 56);
	}
	IN_CHILD { /* the file-system id goes with the effective one */
		check_scratch();
		make("f", 0600, 77, 77);
		CHECK_OK(seteuid(77));
		CHECK_OK(open("f", O_RDWR));
		CHECK_OK(chdir("/"));
		CHECK_OK(seteuid(0));
		char path[60];
		snprintf(path, sizeof path, "/tmp/furca-test.%d", getpid());
		check_remove_tree(path);
	}
}
