/* Set-id programs: ids, AT_SECURE, capabilities after exec; no_new_privs. */
#include "../check.h"
#include <sys/auxv.h>
#include <sys/prctl.h>

HELPER(ids)
{
	CHECK_EQ(getuid(), atoi(argv[2]));
	CHECK_EQ(geteuid(), atoi(argv[3]));
	CHECK_EQ(getegid(), atoi(argv[4]));
	CHECK_EQ(getauxval(AT_SECURE), atoi(argv[5]));
	return check_failed != 0;
}

static void expect(const char *name, bool no_new, const char *uid, const char *euid, const char *egid, const char *secure)
{
	IN_CHILD {
		CHECK_OK(setgid(100));
		CHECK_OK(setuid(100));
		if (no_new)
			CHECK_OK(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
		execl(name, name, "@ids", uid, euid, egid, secure, NULL);
		CHECK(!"exec");
	}
}

TEST(set_user_and_group)
{
	check_scratch();
	check_copy_self("u", 55, 66, 04755);
	check_copy_self("g", 55, 66, 02755);
	check_copy_self("plain", 55, 66, 0755);
	expect("./u", false, "100", "55", "100", "1");
	expect("./g", false, "100", "100", "66", "1");
	expect("./plain", false, "100", "100", "100", "0");
	expect("./u", true, "100", "100", "100", "0");
}
