/*
 * files.c: random bytes and numbers at boundaries to all that can be written below /proc and in the tree of control groups, options
 * of mounts, and filters of random instructions.
 */
#include "fuzz.h"
#include <dirent.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define GROUPS HOME "/groups"

/* Words, numbers and bytes, as such files take them. */
static size_t some_text(char *text, size_t room)
{
	static const char *const words[] = {"max", "-", "+", " ", "\n", ",", "=", ":", "0-", "/", "cpu", "+memory", "+pids", "threaded",
		"mode", "size", "nr_inodes", "uid", "gid", "%", "newinstance", "hidepid", "k", "g", "\xff"};
	size_t n = 0;
	for (unsigned i = 1 + below(6); i > 0; i--)
		switch (below(4)) {
		case 0:
			n += (size_t)snprintf(text + n, room - n, "%lu", boundary());
			break;
		case 1:
			n += (size_t)snprintf(text + n, room - n, "%ld", (long)small_or_boundary());
			break;
		default:
			n += (size_t)snprintf(text + n, room - n, "%s", words[below(ARRAY_SIZE(words))]);
		}
	return n;
}

static void write_to(const char *file)
{
	/* These are the end of the machine, of the next worker (limits), or of who looks on. */
	if (strstr(file, "sysrq") || strstr(file, "/sys/user/") || strstr(file, "_max") || strstr(file, "panic") || strstr(file, "cgroup.kill") || strstr(file, "cgroup.freeze"))
		return;
	int fd = open(file, O_WRONLY | O_NONBLOCK);
	if (fd < 0)
		return;
	static char bytes[8192];
	size_t n = some_text(bytes, 1024);
	if (below(8) == 0)
		for (n = below(sizeof bytes); below(2) && n > 0;)
			bytes[below((unsigned)n)] = (char)chance();
	if (below(8) == 0)
		lseek(fd, (off_t)boundary(), SEEK_SET);
	(void)!write(fd, bytes, n);
	close(fd);
}

/* One step down at random until a file is there. */
static void walk(const char *from)
{
	char path[1024];
	snprintf(path, sizeof path, "%s", from);
	for (int depth = 0; depth < 8; depth++) {
		DIR *dir = opendir(path);
		if (!dir)
			return write_to(path);
		struct dirent *entry, chosen = {0};
		for (unsigned seen = 1; (entry = readdir(dir)); )
			if (entry->d_name[0] != '.' && entry->d_type != DT_LNK && below(seen++) == 0)
				chosen = *entry;
		closedir(dir);
		size_t n = strlen(path);
		if (!chosen.d_name[0] || n > sizeof path - 300)
			return;
		snprintf(path + n, sizeof path - n, "/%s", chosen.d_name);
	}
}

static void mounts(void)
{
	static const char *const kinds[] = {"tmpfs", "proc", "devpts", "cgroup2", "mqueue", "sysfs", "ramfs", "overlay", "devtmpfs"};
	char text[1100], at[64];
	some_text(text, sizeof text);
	snprintf(at, sizeof at, HOME "/m%d", getpid());
	mkdir(at, 0755);
	mount("fuzz", at, kinds[below(ARRAY_SIZE(kinds))], below(2) ? 0 : boundary() & 0xffffff, text);
	umount2(at, below(8));
	rmdir(at);
}

static void filter(void)
{
	if (fork())
		return;
	struct sock_filter code[64];
	unsigned n = 1 + below(64);
	for (unsigned i = 0; i < n; i++)
		code[i] = (struct sock_filter){(unsigned short)(below(8) ? (below(8) | below(16) << 3 | below(8) << 5) & 0xff : chance()),
			(unsigned char)below(8), (unsigned char)below(8), below(2) ? 4 * below(18) : (uint32_t)boundary()};
	if (below(8))
		code[n - 1] = (struct sock_filter){BPF_RET | BPF_K, 0, 0, below(2) ? SECCOMP_RET_ALLOW : (uint32_t)boundary()};
	/* Those that are taken more often: loads, sums and jumps. */
	for (unsigned i = 0; below(3) && i + 1 < n; i++) {
		static const unsigned short good[] = {0x20, 0x04, 0x14, 0x24, 0x34, 0x54, 0x64, 0x74, 0x84, 0x15, 0x25, 0x35, 0x45, 0x60, 0x02,
			0x07, 0x87, 0x0c, 0x3c, 0x6c, 0x05, 0x80, 0x00, 0x01, 0x61, 0x03};
		code[i].code = good[below(ARRAY_SIZE(good))];
		code[i].k = code[i].code == 0x20 ? 4 * below(16) : below(2) ? below(16) : (uint32_t)boundary();
	}
	struct sock_fprog program = {(unsigned short)(below(16) ? n : boundary()), code};
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	syscall(SYS_seccomp, below(16) ? SECCOMP_SET_MODE_FILTER : below(5), below(3) ? 0 : below(64), &program);
	for (int i = 0; i < 8; i++)
		syscall((long)below(450) == SYS_pause ? SYS_getpid : SYS_getppid, boundary(), boundary());
	_exit(0);
}

void files_run(int steps)
{
	mkdir(GROUPS, 0755);
	mount("groups", GROUPS, "cgroup2", 0, NULL);
	char group[64];
	snprintf(group, sizeof group, GROUPS "/g%d", getpid());
	mkdir(group, 0755);
	for (int i = 0; i < steps; i++) {
		switch (below(8)) {
		case 0:
			walk("/proc/sys");
			break;
		case 1:
			walk("/proc");
			break;
		case 2:
			walk("/proc/self");
			break;
		case 3:
		case 4:
			walk(group);
			break;
		case 5:
			mounts();
			break;
		default:
			filter();
		}
		while (waitpid(-1, NULL, WNOHANG) > 0)
			;
	}
	rmdir(group);
}
