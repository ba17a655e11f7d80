/* mount_namespaces(7), "Shared subtrees": what each type of mount sends and receives, and its tables of transitions. */
#include "mounts.h"

static const char *const kinds[] = { "s", "-", "m", "sm", "u" };

/* -- the table of types -- */
TEST(types_change)
{
	static const struct { unsigned long type; const char *becomes[5]; } table[] = {
		{ MS_SHARED, { "s", "s", "sm", "sm", "s" } },
		{ MS_SLAVE, { "-", "-", "m", "m", "u" } },	/* a shared one without peers has nobody to be a slave of */
		{ MS_PRIVATE, { "-", "-", "-", "-", "-" } },
		{ MS_UNBINDABLE, { "u", "u", "u", "u", "u" } },
	};
	char path[20];
	if (!mounts_begin())
		return;
	for (int t = 0; t < 4; t++)
		for (int k = 0; k < 5; k++) {
			snprintf(path, sizeof path, "t%d%d", t, k);
			mounts_of_kind(path, kinds[k]);
			CHECK_OK(mount(NULL, path, NULL, table[t].type, NULL));
			CHECK_STR(mounts_kind(path), table[t].becomes[k]);
		}
}

TEST(slave_of_its_peers)
{
	if (!mounts_begin())
		return;
	mounts_of_kind("a", "s");
	mounts_dir("b");
	mounts_bind("a", "b");
	CHECK_EQ(mounts_group("a"), mounts_group("b"));
	int group = mounts_group("a");
	mounts_type("b", MS_SLAVE);
	CHECK_STR(mounts_kind("b"), "m");
	CHECK_EQ(mounts_master("b"), group);
	mounts_type("b", MS_SHARED);
	CHECK_STR(mounts_kind("b"), "sm");
	CHECK(mounts_group("b") != group);
	/* when the master is no longer shared its slaves have no master */
	mounts_type("a", MS_PRIVATE);
	CHECK_STR(mounts_kind("b"), "s");
}

TEST(slaves_pass_to_the_next_master)
{
	if (!mounts_begin())
		return;
	mounts_of_kind("a", "s");
	mounts_dir("b"), mounts_dir("c");
	mounts_bind("a", "b");
	mounts_type("b", MS_SLAVE);
	mounts_type("b", MS_SHARED);
	mounts_bind("b", "c");
	mounts_type("c", MS_SLAVE);
	CHECK_EQ(mounts_master("c"), mounts_group("b"));
	mounts_type("b", MS_PRIVATE);
	CHECK_EQ(mounts_master("c"), mounts_group("a"));
	CHECK_OK(umount("a"));
	CHECK_STR(mounts_kind("c"), "-");
}

TEST(errors_of_types)
{
	if (!mounts_begin())
		return;
	mounts_dir("plain");
	CHECK_ERR(mount(NULL, "plain", NULL, MS_SHARED, NULL), EINVAL);
	CHECK_ERR(mount(NULL, "/tmp", NULL, MS_SHARED | MS_PRIVATE, NULL), EINVAL);
	CHECK_ERR(mount(NULL, "/tmp", NULL, MS_SLAVE | MS_UNBINDABLE, NULL), EINVAL);
	CHECK_ERR(mount(NULL, "/tmp", NULL, MS_SHARED | MS_RDONLY, NULL), EINVAL);
	CHECK_ERR(mount(NULL, "/tmp", NULL, MS_SHARED | MS_NOEXEC | MS_REC, NULL), EINVAL);
	CHECK_OK(mount(NULL, "/tmp", NULL, MS_SHARED | MS_SILENT, NULL));
	CHECK_OK(mount("ignored", "/tmp", "ignored", MS_PRIVATE, "ignored"));
	CHECK_ERR(mount(NULL, "absent", NULL, MS_SHARED, NULL), ENOENT);
}

TEST(recursive_types)
{
	if (!mounts_begin())
		return;
	mounts_of_kind("a", "-");
	mounts_of_kind("a/b", "-");
	mounts_of_kind("a/b/c", "-");
	CHECK_OK(mount(NULL, "a", NULL, MS_SHARED | MS_REC, NULL));
	CHECK_STR(mounts_kind("a"), "s");
	CHECK_STR(mounts_kind("a/b/c"), "s");
	CHECK_OK(mount(NULL, "a/b", NULL, MS_PRIVATE, NULL));
	CHECK_STR(mounts_kind("a/b"), "-");
	CHECK_STR(mounts_kind("a/b/c"), "s");
	CHECK_OK(mount(NULL, "a", NULL, MS_UNBINDABLE | MS_REC, NULL));
	CHECK_STR(mounts_kind("a/b/c"), "u");
}

/* -- bind and move -- */
struct becomes {
	const char *dest;		/* of this type is what it is put into */
	const char *becomes[5];		/* a mount of each kind; NULL: it cannot be put there */
};

/* Puts a mount of each kind into each dest, with flag and with every one of the flags more that must not help. */
static void put_each(const struct becomes *table, int rows, unsigned long flag, unsigned long more)
{
	char from[20], to[20], in[40];
	for (int t = 0; t < rows; t++)
		for (int k = 0; k < 5; k++) {
			snprintf(from, sizeof from, "f%d%d", t, k);
			snprintf(to, sizeof to, "d%d%d", t, k);
			snprintf(in, sizeof in, "%s/in", to);
			mounts_of_kind(from, kinds[k]);
			mounts_of_kind(to, table[t].dest);
			mounts_dir(in);
			if (!table[t].becomes[k]) {
				CHECK_ERR(mount(from, in, NULL, flag, NULL), EINVAL);
				CHECK_ERR(mount(from, in, NULL, flag | more, NULL), EINVAL);
				continue;
			}
			CHECK_OK(mount(from, in, NULL, flag, NULL));
			CHECK_STR(mounts_kind(in), table[t].becomes[k]);
			if (flag == MS_MOVE)
				CHECK(!mounts_is(from));
			else if (kinds[k][0] == 's')
				CHECK_EQ(mounts_group(from), mounts_group(in));
		}
}

TEST(bind_table)
{
	static const struct becomes table[] = {
		{ "s", { "s", "s", "sm", "sm", NULL } },
		{ "-", { "s", "-", "m", "sm", NULL } },
		{ "m", { "s", "-", "m", "sm", NULL } },
		{ "u", { "s", "-", "m", "sm", NULL } },
	};
	if (mounts_begin())
		put_each(table, 4, MS_BIND, MS_REC);
}

TEST(recursive_bind_leaves_out_unbindable)
{
	if (!mounts_begin())
		return;
	mounts_of_kind("a", "-");
	mounts_of_kind("a/x", "u");
	mounts_of_kind("a/x/deep", "-");
	mounts_of_kind("a/y", "-");
	mounts_dir("b");
	CHECK_OK(mount("a", "b", NULL, MS_BIND | MS_REC, NULL));
	CHECK(!mounts_is("b/x"));
	CHECK(!mounts_is("b/x/deep"));
	CHECK(mounts_is("b/y"));
}

TEST(move_table)
{
	static const struct becomes table[] = {
		{ "s", { "s", "s", "sm", "sm", NULL } },
		{ "-", { "s", "-", "m", "sm", "u" } },
	};
	if (mounts_begin())
		put_each(table, 2, MS_MOVE, 0);
}

TEST(move_out_of_shared)
{
	if (!mounts_begin())
		return;
	mounts_of_kind("a", "s");
	mounts_of_kind("a/in", "s");
	mounts_dir("b");
	CHECK_ERR(mount("a/in", "b", NULL, MS_MOVE, NULL), EINVAL);
	mounts_type("a", MS_PRIVATE);
	CHECK_OK(mount("a/in", "b", NULL, MS_MOVE, NULL));
	/* with something unbindable inside it is not moved to where it would be copied */
	mounts_of_kind("c", "-");
	mounts_of_kind("c/x", "u");
	mounts_of_kind("d", "s");
	mounts_dir("d/in");
	CHECK_ERR(mount("c", "d/in", NULL, MS_MOVE, NULL), EINVAL);
}

/* -- what is sent and received -- */
TEST(peers_see_each_other)
{
	if (!mounts_begin())
		return;
	mounts_of_kind("a", "s");
	mounts_dir("a/in"), mounts_dir("b"), mounts_dir("c");
	mounts_bind("a", "b");
	mounts_bind("b", "c");
	mounts_tmpfs("b/in");
	mounts_mark("b/in/x");
	CHECK(mounts_has("a/in/x") && mounts_has("c/in/x"));
	CHECK_EQ(mounts_group("a/in"), mounts_group("b/in"));
	CHECK_EQ(mounts_group("c/in"), mounts_group("b/in"));
	CHECK_STR(mounts_kind("c/in"), "s");
	/* and deeper */
	mounts_dir("c/in/deep");
	mounts_tmpfs("c/in/deep");
	CHECK(mounts_is("a/in/deep") && mounts_is("b/in/deep"));
	CHECK_ERR(umount("a/in"), EBUSY);
	CHECK_OK(umount("a/in/deep"));
	CHECK(!mounts_is("c/in/deep") && !mounts_is("b/in/deep"));
	CHECK_OK(umount("c/in"));
	CHECK(!mounts_is("a/in") && !mounts_is("b/in"));
}

TEST(a_slave_receives_only)
{
	if (!mounts_begin())
		return;
	mounts_of_kind("a", "s");
	mounts_dir("a/one"), mounts_dir("a/two"), mounts_dir("b");
	mounts_bind("a", "b");
	mounts_type("b", MS_SLAVE);
	mounts_tmpfs("a/one");
	mounts_mark("a/one/x");
	CHECK(mounts_has("b/one/x"));
	CHECK_STR(mounts_kind("b/one"), "m");
	CHECK_EQ(mounts_master("b/one"), mounts_group("a/one"));
	mounts_tmpfs("b/two");
	CHECK(!mounts_is("a/two"));
	CHECK_STR(mounts_kind("b/two"), "-");
	/* it takes off what it got, and the master keeps it */
	CHECK_OK(umount("b/one"));
	CHECK(mounts_is("a/one"));
	mounts_tmpfs("b/one");
	CHECK_OK(umount("a/one"));
	CHECK(!mounts_is("a/one"));
}

TEST(slave_and_shared_hands_on)
{
	if (!mounts_begin())
		return;
	mounts_of_kind("a", "s");
	mounts_dir("a/in"), mounts_dir("b"), mounts_dir("c"), mounts_dir("d");
	mounts_bind("a", "b");
	mounts_type("b", MS_SLAVE);
	mounts_type("b", MS_SHARED);
	mounts_bind("b", "c");		/* a peer of b, and a slave of a's */
	CHECK_STR(mounts_kind("c"), "sm");
	mounts_bind("c", "d");
	mounts_type("d", MS_SLAVE);	/* a slave of b's group */
	mounts_tmpfs("a/in");
	CHECK_STR(mounts_kind("b/in"), "sm");
	CHECK_EQ(mounts_master("b/in"), mounts_group("a/in"));
	CHECK_EQ(mounts_group("c/in"), mounts_group("b/in"));
	CHECK_EQ(mounts_master("c/in"), mounts_group("a/in"));
	CHECK_EQ(mounts_master("d/in"), mounts_group("b/in"));
	CHECK_OK(umount("b/in"));
	CHECK(mounts_is("a/in") && !mounts_is("b/in") && !mounts_is("c/in") && !mounts_is("d/in"));
	mounts_tmpfs("c/in");
	CHECK(mounts_is("b/in") && mounts_is("d/in"));
	CHECK_STR(mounts_kind("c/in"), "s");
	CHECK_STR(mounts_kind("d/in"), "m");
}

TEST(private_neither_sends_nor_receives)
{
	if (!mounts_begin())
		return;
	mounts_of_kind("a", "-");
	mounts_dir("a/in"), mounts_dir("b");
	mounts_bind("a", "b");
	mounts_tmpfs("a/in");
	CHECK(mounts_is("a/in") && !mounts_is("b/in"));
}

/* A bind of a part receives only what lies in that part. */
TEST(only_what_lies_within)
{
	if (!mounts_begin())
		return;
	mounts_of_kind("a", "s");
	mounts_dir("a/part"), mounts_dir("a/part/in"), mounts_dir("a/other"), mounts_dir("b");
	mounts_bind("a/part", "b");
	CHECK_EQ(mounts_group("a"), mounts_group("b"));
	struct mount_line m;
	CHECK_EQ(mounts_find("b", &m), 1);
	CHECK_STR(m.root, "/part");
	mounts_tmpfs("a/other");
	mounts_tmpfs("a/part/in");
	CHECK(mounts_is("b/in"));
	CHECK_OK(umount("b/in"));
	CHECK(!mounts_is("a/part/in"));
	/* b's own root is a place in a too */
	mounts_tmpfs("b");
	mounts_mark("b/x");
	CHECK(mounts_has("a/part/x"));
	CHECK_OK(umount("b"));
}

TEST(trees_are_sent_whole)
{
	if (!mounts_begin())
		return;
	mounts_of_kind("a", "s");
	mounts_dir("a/in"), mounts_dir("b");
	mounts_bind("a", "b");
	mounts_of_kind("tree", "-");
	mounts_of_kind("tree/one", "-");
	mounts_of_kind("tree/one/two", "s");
	CHECK_OK(mount("tree", "a/in", NULL, MS_MOVE, NULL));
	CHECK(mounts_is("b/in") && mounts_is("b/in/one") && mounts_is("b/in/one/two"));
	CHECK_STR(mounts_kind("a/in/one"), "s");
	CHECK_EQ(mounts_group("a/in/one/two"), mounts_group("b/in/one/two"));
	CHECK_OK(umount2("b/in", MNT_DETACH));
	CHECK(!mounts_is("a/in") && !mounts_is("a/in/one") && !mounts_is("a/in/one/two"));
}

/* What is received where something lies already goes under that. */
TEST(received_below_what_is_there)
{
	if (!mounts_begin())
		return;
	mounts_of_kind("a", "s");
	mounts_dir("a/in"), mounts_dir("b");
	mounts_bind("a", "b");
	mounts_type("b", MS_SLAVE);
	mounts_tmpfs("b/in");
	mounts_mark("b/in/mine");
	mounts_tmpfs("a/in");
	mounts_mark("a/in/theirs");
	CHECK(mounts_has("b/in/mine"));
	struct mount_line m;
	CHECK_EQ(mounts_find("b/in", &m), 2);
	CHECK_OK(umount("a/in"));
	CHECK(mounts_has("b/in/mine"));
	CHECK_EQ(mounts_find("b/in", &m), 1);
	mounts_tmpfs("a/in");
	mounts_mark("a/in/theirs");
	CHECK_OK(umount("b/in"));
	CHECK(mounts_has("b/in/theirs"));
	CHECK_OK(umount("b/in"));
	CHECK(mounts_has("a/in/theirs"));
}

TEST(a_busy_peer_keeps_it)
{
	if (!mounts_begin())
		return;
	mounts_of_kind("a", "s");
	mounts_dir("a/in"), mounts_dir("b");
	mounts_bind("a", "b");
	mounts_tmpfs("a/in");
	int fd = NEED_OK(open("b/in", O_RDONLY));
	CHECK_ERR(umount("a/in"), EBUSY);
	CHECK(mounts_is("a/in"));
	close(fd);
	mounts_type("b", MS_SLAVE);
	fd = NEED_OK(open("b/in", O_RDONLY));
	CHECK_ERR(umount("a/in"), EBUSY);
	CHECK_OK(umount2("a/in", MNT_DETACH));
	CHECK(!mounts_is("b/in"));
	close(fd);
}

/* What has something of its own on it stays where the removal is only received. */
TEST(what_is_used_by_a_mount_stays)
{
	if (!mounts_begin())
		return;
	mounts_of_kind("a", "s");
	mounts_dir("a/in"), mounts_dir("b");
	mounts_bind("a", "b");
	mounts_type("b", MS_SLAVE);
	mounts_tmpfs("a/in");
	mounts_dir("a/in/deep");
	mounts_tmpfs("b/in/deep");
	CHECK(!mounts_is("a/in/deep"));
	CHECK_OK(umount("a/in"));
	CHECK(mounts_is("b/in") && mounts_is("b/in/deep"));
	CHECK_STR(mounts_kind("b/in"), "-");
}

TEST(propagate_from)
{
	if (!mounts_begin())
		return;
	/* a, b its slave and shared, c b's slave; seen from where b is not */
	mounts_of_kind("a", "s");
	mounts_dir("b"), mounts_dir("view");
	mounts_bind("a", "b");
	mounts_type("b", MS_SLAVE);
	mounts_type("b", MS_SHARED);
	mounts_tmpfs("view");
	mounts_dir("view/a"), mounts_dir("view/c"), mounts_dir("view/proc");
	mounts_bind("a", "view/a");
	mounts_bind("b", "view/c");
	mounts_type("view/c", MS_SLAVE);
	int a = mounts_group("a"), b = mounts_group("b");
	mounts_bind("/proc", "view/proc");
	struct mount_line m;
	CHECK_EQ(mounts_find("view/c", &m), 1);
	CHECK_EQ(m.master, b);
	CHECK_EQ(m.from, 0);
	NEED_OK(chroot("view"));
	NEED_OK(chdir("/"));
	CHECK_EQ(mounts_find("/c", &m), 1);
	CHECK_EQ(m.master, b);
	CHECK_EQ(m.from, a);
	CHECK(!mounts_is("/b"));
}

TEST(remount_is_not_sent)
{
	if (!mounts_begin())
		return;
	mounts_of_kind("a", "s");
	mounts_dir("b");
	mounts_bind("a", "b");
	CHECK_OK(mount(NULL, "a", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOEXEC, NULL));
	struct mount_line m;
	CHECK_EQ(mounts_find("b", &m), 1);
	CHECK_STR(m.flags, "rw,relatime");
	CHECK_EQ(mounts_find("a", &m), 1);
	CHECK_STR(m.flags, "ro,noexec,relatime");
	mounts_dir("b/in");
	mounts_tmpfs("b/in");
	CHECK(mounts_is("a/in"));
}
