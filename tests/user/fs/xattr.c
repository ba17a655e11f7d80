// Extended attributes where there are none (procfs has none on any kernel): what programs that copy them must be told.
#include "check.h"
#include <sys/xattr.h>

#define FILE_WITHOUT "/proc/self/status"

TEST(none_to_get)
{
	char b[16];
	CHECK_ERR(getxattr(FILE_WITHOUT, "user.x", b, sizeof(b)), EOPNOTSUPP);
	CHECK_ERR(lgetxattr(FILE_WITHOUT, "security.x", b, sizeof(b)), EOPNOTSUPP);
	CHECK_ERR(getxattr("/nonexistent", "user.x", b, sizeof(b)), ENOENT);
	CHECK_ERR(fgetxattr(-1, "user.x", b, sizeof(b)), EBADF);
}

TEST(none_to_list)
{
	char b[16];
	int fd = open(FILE_WITHOUT, O_RDONLY);
	CHECK_EQ(listxattr(FILE_WITHOUT, b, sizeof(b)), 0);
	CHECK_EQ(llistxattr(FILE_WITHOUT, NULL, 0), 0);
	CHECK_EQ(flistxattr(fd, b, sizeof(b)), 0);
	CHECK_ERR(listxattr("/nonexistent", b, sizeof(b)), ENOENT);
	CHECK_ERR(flistxattr(-1, b, sizeof(b)), EBADF);
}

TEST(none_to_set)
{
	int fd = open(FILE_WITHOUT, O_RDONLY);
	CHECK_ERR(setxattr(FILE_WITHOUT, "security.x", "v", 1, 0), EOPNOTSUPP);
	CHECK_ERR(fsetxattr(fd, "security.x", "v", 1, 0), EOPNOTSUPP);
	CHECK_ERR(removexattr(FILE_WITHOUT, "security.x"), EOPNOTSUPP);
	CHECK_ERR(lremovexattr(FILE_WITHOUT, "security.x"), EOPNOTSUPP);
	CHECK_ERR(fremovexattr(-1, "security.x"), EBADF);
}

TEST(bad_requests)
{
	char name[300];
	memset(name, 'n', sizeof(name));
	name[299] = 0;
	CHECK_ERR(setxattr(FILE_WITHOUT, "security.x", "v", 1, 4), EINVAL);
	CHECK_ERR(setxattr(FILE_WITHOUT, name, "v", 1, 0), ERANGE);
	CHECK_ERR(setxattr(FILE_WITHOUT, "", "v", 1, 0), ERANGE);
	CHECK_ERR(setxattr(FILE_WITHOUT, "security.x", name, 65537, 0), E2BIG);
	CHECK_ERR(getxattr(FILE_WITHOUT, (char *)1, NULL, 0), EFAULT);
}
