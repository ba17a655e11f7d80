// furca-init: process 1 of the VM, on Furca's kernel and on Linux alike.
//
// Way in: the kernel runs it from the initramfs (rdinit=). It mounts what a Linux program expects, loads the modules
// that were packed (none on Furca), reads what to run, runs it, relays its streams and signals to the host tool over
// virtio-serial ports (protocol.h), and reports how it ended.
// Way out: the host tool ends the VM when it has everything. Errors go to the console, and the VM ends.
// Kept tiny (static musl, no stdio), for a fast start.
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "init.h"

static const struct {
	const char *type, *where, *data;
	unsigned long flags;
	mode_t mode;
} mounts[] = {
	{ "proc", "/proc", NULL, MS_NOSUID | MS_NODEV | MS_NOEXEC, 0555 },
	{ "sysfs", "/sys", NULL, MS_NOSUID | MS_NODEV | MS_NOEXEC, 0555 },
	{ "devtmpfs", "/dev", "mode=0755", MS_NOSUID, 0755 },
	{ "devpts", "/dev/pts", "gid=5,mode=620,ptmxmode=666", MS_NOSUID | MS_NOEXEC, 0755 },
	{ "tmpfs", "/dev/shm", "mode=1777", MS_NOSUID | MS_NODEV, 01777 },
};

// A kernel that lacks one of these, or has it mounted already, still runs most programs: no failure here is fatal.
static void mounts_make(void) {
	umask(0);
	for (size_t i = 0; i < sizeof(mounts) / sizeof(mounts[0]); i++) {
		mkdir(mounts[i].where, mounts[i].mode);
		mount(mounts[i].type, mounts[i].where, mounts[i].type, mounts[i].flags, mounts[i].data);
	}
	umask(022);
	static const char *const links[][2] = { { "/proc/self/fd", "/dev/fd" }, { "fd/0", "/dev/stdin" },
		{ "fd/1", "/dev/stdout" }, { "fd/2", "/dev/stderr" } };
	for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++)
		if (symlink(links[i][0], links[i][1]) != 0)
			continue; // it is there already
}

static void modules_load(const struct config *c) {
	for (size_t i = 0; i < c->modules_count; i++) {
		int fd = open(c->modules[i], O_RDONLY | O_CLOEXEC);
		if (fd < 0 || (syscall(SYS_finit_module, fd, "", 0) != 0 && errno != EEXIST))
			say("cannot load a kernel module", c->modules[i], errno);
		if (fd >= 0)
			close(fd);
		unlink(c->modules[i]);
	}
}

// The program sees no trace of how it was started.
static void traces_remove(void) {
	unlink(FURCA_CONFIG);
	unlink(FURCA_INIT);
	rmdir(FURCA_DIR "/modules");
	rmdir(FURCA_DIR);
}

static void missing_send(int ctl) {
	int fd = open(FURCA_MISSING, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	static char text[16384];
	size_t size = 0;
	ssize_t n;
	while (size < sizeof(text) && (n = read(fd, text + size, sizeof(text) - size)) > 0)
		size += (size_t)n;
	close(fd);
	if (size > 0)
		ctl_send(ctl, CTL_MISSING, text, (uint32_t)size);
}

static void streams_ready(void) {
	for (int fd = 0; fd <= 2; fd++)
		if (fcntl(fd, F_GETFD) < 0)
			open("/dev/console", O_RDWR);
}

int main(void) {
	mounts_make();
	streams_ready();
	struct config c = { 0 };
	int error = config_read(&c, FURCA_CONFIG);
	if (error != 0)
		die("cannot read", FURCA_CONFIG, -error);
	modules_load(&c);
	if (c.host != NULL)
		sethostname(c.host, strlen(c.host));
	relay_init();
	int ports[PORT_COUNT + 1];
	error = ports_open(ports);
	if (error != 0)
		die("no virtio-serial ports named furca.*: does this kernel have the drivers", "", -error);
	struct program p;
	if (program_start(&p, &c) != 0) {
		struct ctl_failed failed = { .step = (uint32_t)p.step, .error = (uint32_t)p.error };
		missing_send(ports[PORT_CTL]);
		ctl_send(ports[PORT_CTL], CTL_FAILED, &failed, sizeof(failed));
		relay_wait_bye(&p, ports[PORT_CTL]);
	}
	traces_remove();
	ctl_send(ports[PORT_CTL], CTL_STARTED, NULL, 0);
	struct ctl_exit end;
	if (relay_run(&p, &c, ports, &end) != 0)
		missing_send(ports[PORT_CTL]);
	sync();
	ctl_send(ports[PORT_CTL], CTL_EXIT, &end, sizeof(end));
	relay_wait_bye(&p, ports[PORT_CTL]);
}
