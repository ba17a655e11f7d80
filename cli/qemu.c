// QEMU's command line. One place says what machine the kernel finds.
//
// microvm: virtio-mmio, version 2. Our own kernel reads where the devices are from its command line (acpi=off);
// Debian's Linux is built without that and finds them through ACPI. q35: virtio-pci. In both: one serial port for the
// kernel's log, one virtio-serial device with our four ports.
#include "qemu.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "deps.h"

#define QEMU "qemu-system-x86_64"

// --- the command line ---

static void add(struct list *argv, const char *word) {
	list_add(argv, text_copy(word));
}

static void add2(struct list *argv, const char *option, char *owned) {
	add(argv, option);
	list_add(argv, owned);
}

bool cpu_has_virtualization(const char *cpuinfo) {
	const char *flags = strstr(cpuinfo, "\nflags");
	if (flags == NULL)
		return false;
	char *line = text_copy_n(flags + 1, strcspn(flags + 1, "\n"));
	bool found = false;
	for (char *rest = line, *word; (word = strsep(&rest, " \t:")) != NULL;)
		found |= strcmp(word, "vmx") == 0 || strcmp(word, "svm") == 0;
	free(line);
	return found;
}

// A /dev/kvm that opens is no proof: on some hosts it does, and guests then hang. The CPU's flags tell.
int accel_choose(const struct options *o, bool *kvm) {
	struct bytes info = { 0 };
	*kvm = false;
	if (o->accel == ACCEL_TCG || (o->accel == ACCEL_AUTO && o->deterministic))
		return 0;
	if (o->deterministic)
		return fail(EXIT_TOOL, "--deterministic with --accel kvm", NULL,
			"only tcg can count instructions: leave --accel out");
	bool has_flags = file_read("/proc/cpuinfo", &info) == 0 && cpu_has_virtualization(info.data);
	bytes_drop(&info);
	bool may_open = access("/dev/kvm", R_OK | W_OK) == 0;
	*kvm = has_flags && may_open;
	if (o->accel == ACCEL_KVM && !*kvm)
		return fail(EXIT_TOOL, "no KVM here", "/dev/kvm", "%s: use --accel tcg",
			may_open ? "this CPU shows neither vmx nor svm" : strerror(errno));
	return 0;
}

// Linux on microvm can hang when it measures the time-stamp counter by itself: tell it. Without -icount it is the
// host's.
static unsigned long tsc_khz(void) {
	struct timespec a, b, pause = { .tv_nsec = 20 * 1000 * 1000 };
	clock_gettime(CLOCK_MONOTONIC_RAW, &a);
	uint64_t from = __builtin_ia32_rdtsc();
	nanosleep(&pause, NULL);
	clock_gettime(CLOCK_MONOTONIC_RAW, &b);
	uint64_t ticks = __builtin_ia32_rdtsc() - from;
	uint64_t ns = (uint64_t)(b.tv_sec - a.tv_sec) * 1000000000u + (uint64_t)b.tv_nsec - (uint64_t)a.tv_nsec;
	return (unsigned long)(ticks * 1000000 / ns);
}

static char *kernel_line(const struct options *o, const struct kernel *k, bool kvm) {
	struct bytes line = { 0 };
	bytes_add_text(&line, "console=ttyS0 rdinit=" FURCA_INIT);
	if (!o->verbose)
		bytes_add_text(&line, " quiet");
	if (k->is_linux)
		bytes_add_text(&line, " panic=-1");
	if (k->is_linux && !kvm) {
		char *tsc = text_format(" tsc_early_khz=%lu", o->deterministic ? 1000000 : tsc_khz());
		bytes_add_text(&line, tsc);
		free(tsc);
	}
	for (size_t i = 0; i < o->append.count; i++) {
		bytes_add_text(&line, " ");
		bytes_add_text(&line, o->append.items[i]);
	}
	return line.data;
}

static void console_add(struct list *argv, const struct vm *vm) {
	add2(argv, "-chardev", text_format("socket,id=console,fd=%d", vm->theirs[0]));
	add2(argv, "-serial", text_copy("chardev:console"));
}

static void ports_add(struct list *argv, bool is_microvm, const struct vm *vm) {
	static const char *const names[] = PORT_NAMES;
	console_add(argv, vm);
	add2(argv, "-device",
		text_copy(is_microvm ? "virtio-serial-device,id=furca,max_ports=8"
				     : "virtio-serial-pci,id=furca,max_ports=8,disable-legacy=on,ioeventfd=off"));
	for (int i = 1; i <= PORT_COUNT; i++) {
		add2(argv, "-chardev", text_format("socket,id=port%d,fd=%d", i, vm->theirs[i]));
		add2(argv, "-device",
			text_format("virtserialport,bus=furca.0,nr=%d,chardev=port%d,name=%s", i, i, names[i]));
	}
}

// What every machine of ours has; `cpu` is the emulated one.
static void machine_add(struct list *argv, const struct options *o, const struct kernel *k, const struct vm *vm,
	bool kvm, const char *cpu) {
	add2(argv, "-accel", text_copy(kvm ? "kvm" : o->cpus > 1 && !o->deterministic ? "tcg,thread=multi" : "tcg"));
	add2(argv, "-cpu", text_copy(kvm ? "host" : cpu));
	add2(argv, "-m", text_format("%lluM", (unsigned long long)o->memory_mb));
	add2(argv, "-smp", text_format("%u", o->cpus));
	add(argv, "-nodefaults");
	add(argv, "-no-user-config");
	add2(argv, "-display", text_copy("none"));
	add(argv, "-no-reboot");
	if (o->deterministic) {
		add2(argv, "-icount", text_copy("shift=0,sleep=off"));
		add2(argv, "-seed", text_copy("1"));
		add2(argv, "-rtc", text_copy("base=2024-01-01T00:00:00,clock=vm"));
	}
	add2(argv, "-kernel", text_copy(k->path));
	add2(argv, "-initrd", text_format("/proc/self/fd/%d", vm->image));
}

static void more_add(struct list *argv, const struct options *o) {
	for (size_t i = 0; i < o->qemu.count; i++)
		add(argv, o->qemu.items[i]);
}

int qemu_command(struct list *argv, const struct options *o, const struct kernel *k, const struct vm *vm) {
	bool kvm, is_microvm = o->machine == MACHINE_MICROVM;
	char *qemu = NULL;
	int status = accel_choose(o, &kvm);
	if (status == 0)
		status = qemu_find(&qemu);
	if (status != 0)
		return status;
	list_add(argv, qemu);
	add2(argv, "-M",
		is_microvm
			? text_format("microvm,acpi=%s,pic=on,pit=on,rtc=on,x-option-roms=off,auto-kernel-cmdline=on",
				  k->is_linux ? "on" : "off")
			: text_copy("q35"));
	if (is_microvm)
		add2(argv, "-global", text_copy("virtio-mmio.force-legacy=false"));
	machine_add(argv, o, k, vm, kvm, o->deterministic ? "max,-erms" : "max");
	add2(argv, "-append", kernel_line(o, k, kvm));
	ports_add(argv, is_microvm, vm);
	if (o->gdb) {
		add(argv, "-S");
		add2(argv, "-gdb", text_copy("tcp:127.0.0.1:1234"));
	}
	more_add(argv, o);
	return 0;
}

// No ports and no tsc_early_khz: nothing but the console, on a machine whose clocks Linux measures by itself. The CPU
// has no ERMS, whose `rep` strings would be counted by the byte, and has RDRAND, without which Linux never trusts its
// random numbers.
int qemu_bench_command(struct list *argv, const struct options *o, const struct kernel *k, const struct vm *vm,
	bool kvm, const char *line) {
	char *qemu = NULL;
	int status = qemu_find(&qemu);
	if (status != 0)
		return status;
	list_add(argv, qemu);
	add2(argv, "-M", text_copy("q35"));
	machine_add(argv, o, k, vm, kvm, "qemu64,+rdrand");
	add2(argv, "-append", text_copy(line));
	console_add(argv, vm);
	more_add(argv, o);
	return 0;
}

char *shell_quote(const char *word) {
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_./:=,+@%";
	if (*word != '\0' && word[strspn(word, plain)] == '\0')
		return text_copy(word);
	struct bytes out = { 0 };
	bytes_add_text(&out, "'");
	for (; *word != '\0'; word++) {
		if (*word == '\'')
			bytes_add_text(&out, "'\\''");
		else
			bytes_add(&out, word, 1);
	}
	bytes_add_text(&out, "'");
	return out.data;
}

int command_print(const struct list *command) {
	struct bytes line = { 0 };
	for (size_t i = 0; i < command->count; i++) {
		char *word = shell_quote(command->items[i]);
		bytes_add_text(&line, i > 0 ? " " : "");
		bytes_add_text(&line, word);
		free(word);
	}
	bytes_add_text(&line, "\n");
	int status = write(1, line.data, line.size) == (ssize_t)line.size
			     ? 0
			     : fail(EXIT_TOOL, "cannot write", "standard output", NULL);
	bytes_drop(&line);
	return status;
}

int qemu_find(char **path) {
	const char *paths = getenv("PATH");
	int error;
	*path = path_search(QEMU, paths ? paths : "/usr/local/bin:/usr/bin:/bin", &error);
	return *path ? 0 : fail(EXIT_TOOL, "no QEMU", QEMU, "it is not on PATH: install the package qemu-system-x86");
}

// --- its life ---

int vm_open(struct vm *vm) {
	*vm = (struct vm){ .pid = -1, .console = -1, .log = -1, .image = -1 };
	for (int i = 0; i <= PORT_COUNT; i++)
		vm->ports[i] = vm->theirs[i] = -1;
	for (int i = 0; i <= PORT_COUNT; i++) {
		int ends[2], size = 1 << 20;
		if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
			return fail(EXIT_TOOL, "cannot make a socket", NULL, "%s", strerror(errno));
		for (int j = 0; j < 2; j++)
			setsockopt(ends[j], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
		fcntl(ends[0], F_SETFL, O_NONBLOCK);
		vm->ports[i] = ends[0];
		vm->theirs[i] = ends[1];
	}
	vm->console = vm->ports[0];
	vm->image = memfd_create("furca-image", MFD_CLOEXEC);
	return vm->image >= 0 ? 0 : fail(EXIT_TOOL, "cannot make a memory file", NULL, "%s", strerror(errno));
}

static void child_run(const struct vm *vm, char *const argv[], int log, pid_t parent) {
	// QEMU must not outlive the tool, however that ends; and the terminal's signals are not meant for it.
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(EXIT_TOOL);
	setsid();
	int null = open("/dev/null", O_RDONLY);
	dup2(null, 0);
	dup2(log, 1);
	dup2(log, 2);
	for (int i = 0; i <= PORT_COUNT; i++)
		fcntl(vm->theirs[i], F_SETFD, 0);
	fcntl(vm->image, F_SETFD, 0);
	sigset_t none;
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	execv(argv[0], argv);
	dprintf(2, "cannot run %s: %s\n", argv[0], strerror(errno));
	_exit(EXIT_TOOL);
}

int vm_start(struct vm *vm, char *const argv[]) {
	int log[2];
	pid_t self = getpid();
	if (pipe2(log, O_CLOEXEC) != 0 || (vm->pid = fork()) < 0)
		return fail(EXIT_TOOL, "cannot start QEMU", NULL, "%s", strerror(errno));
	if (vm->pid == 0)
		child_run(vm, argv, log[1], self);
	close(log[1]);
	vm->log = log[0];
	fcntl(vm->log, F_SETFL, O_NONBLOCK);
	for (int i = 0; i <= PORT_COUNT; i++) {
		close(vm->theirs[i]);
		vm->theirs[i] = -1;
	}
	close(vm->image);
	vm->image = -1;
	return 0;
}

// Gently where the caller gave QEMU disks of their own, whose last blocks it may still hold.
void vm_kill(struct vm *vm, bool gently) {
	if (vm->pid <= 0)
		return;
	struct timespec step = { .tv_nsec = 5 * 1000 * 1000 };
	if (gently) {
		kill(vm->pid, SIGTERM);
		for (int i = 0; i < 600; i++) {
			if (waitpid(vm->pid, NULL, WNOHANG) == vm->pid) {
				vm->pid = -1;
				return;
			}
			nanosleep(&step, NULL);
		}
	}
	kill(vm->pid, SIGKILL);
	while (waitpid(vm->pid, NULL, 0) < 0 && errno == EINTR)
		;
	vm->pid = -1;
}

void vm_close(struct vm *vm) {
	vm_kill(vm, false);
	for (int i = 0; i <= PORT_COUNT; i++) {
		if (vm->ports[i] >= 0)
			close(vm->ports[i]);
		if (vm->theirs[i] >= 0)
			close(vm->theirs[i]);
	}
	if (vm->log >= 0)
		close(vm->log);
	if (vm->image >= 0)
		close(vm->image);
}
