/*
 * boot/main.c: the ordered list of what is started.
 *
 *   kernel_main (process 0)   memory, traps, the scheduler, devices; then clones process 1 and becomes the idle task
 *   init_main   (process 1)   file systems, initramfs, drivers; then runs the first program and is an ordinary process
 *
 * Way in: arch/'s start code on the boot CPU, interrupts off, boot_info filled.
 */
#include "arch/arch.h"
#include "boot/cmdline.h"
#include "boot/cpus.h"
#include "debug/events.h"
#include "drivers/drivers.h"
#include "fs/vfs.h"
#include "fs/tty/tty.h"
#include "mm/mm.h"
#include "mm/page.h"
#include "mm/slab.h"
#include "namespace/user.h"
#include "namespace/uts.h"
#include "syscall/define.h"
#include "task/cred.h"
#include "task/internal.h"
#include "time/time.h"
#include "base/printk.h"
#include "base/string.h"
#include <linux/fcntl.h>
#include <linux/resource.h>

void kernel_main(void);

/* The log's way to the console, as Linux's quiet, debug and loglevel= have it. */
static void log_level_from_cmdline(void)
{
	char v[16];
	if (cmdline_get("quiet", v, sizeof(v)))
		log_console_level = 4;
	if (cmdline_get("debug", v, sizeof(v)))
		log_console_level = 10;
	if (cmdline_get("loglevel", v, sizeof(v)))
		log_console_level = (int)strtou64(v, NULL, 10);
}

/* The limits that process 1 starts with, as Linux's. */
static void limits_init(struct signal *s)
{
	struct memory_stats m;
	memory_stats(&m);
	threads_max = (int)MIN(MAX(m.total_pages * PAGE_SIZE / (8 * 16384), 20UL), 0x3fffffUL);
	for (int i = 0; i < RLIMITS; i++)
		s->limits[i] = (struct rlimit_pair){ RLIM_INFINITY, RLIM_INFINITY };
	s->limits[RLIMIT_STACK].current_limit = 8UL << 20;
	s->limits[RLIMIT_CORE].current_limit = 0;
	for (int i = ACCOUNT_LIMITED; i < ACCOUNT_ITEMS; i++)
		first_user_ns.max[i] = (u64)threads_max / 2;
	s->limits[RLIMIT_NPROC] = s->limits[RLIMIT_SIGPENDING] = (struct rlimit_pair){ threads_max / 2, threads_max / 2 };
	s->limits[RLIMIT_NOFILE] = (struct rlimit_pair){ 1024, 4096 };
	s->limits[RLIMIT_MEMLOCK] = (struct rlimit_pair){ 8UL << 20, 8UL << 20 };
	s->limits[RLIMIT_MSGQUEUE] = (struct rlimit_pair){ 819200, 819200 };
	s->limits[RLIMIT_NICE] = s->limits[RLIMIT_RTPRIO] = (struct rlimit_pair){ 0, 0 };
}

/* Process 0 is not made by clone: its rooms are set here, for everyone else to be copied from. */
static void first_task_init(void)
{
	struct task *t = &first_task;
	if (cred_init_first(t))
		panic("no memory for the first credentials");
	t->ns = &first_namespaces;
	t->real_parent = t->parent = t;
	t->flags |= PF_IDLE | PF_KTHREAD;
	t->timer_slack_ns = t->timer_slack_default_ns = TIMER_SLACK_DEFAULT_NS;
	t->sighand = sighand_new();
	struct clone_request req = { .kernel_fn = NULL };
	if (!t->sighand || room_signal_copy(t, &req))
		panic("no memory for the first task");
	/* group and session 0: process 1 starts in them and is no leader, so that an init may call setsid() itself */
	t->signal->pids[PID_PGID] = pid_new_idle();
	t->signal->pids[PID_SID] = pid_get(t->signal->pids[PID_PGID]);
	limits_init(t->signal);
	task_set_comm(t, "swapper/0");
}

/* Standard input, output and error of process 1, on the console if there is one. */
static void open_console(void)
{
	struct file *f = file_open("/dev/console", O_RDWR, 0);
	if (IS_ERR(f)) {
		log_error("warning: unable to open an initial console: error %ld\n", -PTR_ERR(f));
		return;
	}
	for (int fd = 0; fd < 3; fd++)
		if (fd_install_new(file_get(f), 0) < 0)
			file_put(f);
	file_put(f);
}

/* Runs the first program there is. Returns only if there is none. */
static void run_first_program(void)
{
	char path[256] = "/init";
	static const char *const usual[] = { "/sbin/init", "/etc/init", "/bin/init", "/bin/sh" };
	bool is_named = cmdline_get("rdinit", path, sizeof(path));
	init_argv[0] = path;
	int err = exec_from_kernel(path, init_argv, init_envp);
	if (!err)
		return;
	if (is_named || err != -ENOENT)
		panic("%s, the first program, cannot be run: error %d", path, -err);
	if (cmdline_get("init", path, sizeof(path))) {
		err = exec_from_kernel(path, init_argv, init_envp);
		if (!err)
			return;
		panic("%s, the first program, cannot be run: error %d", path, -err);
	}
	for (size_t i = 0; i < ARRAY_SIZE(usual); i++) {
		init_argv[0] = usual[i];
		if (!exec_from_kernel(usual[i], init_argv, init_envp))
			return;
	}
	panic("no first program: the initramfs has no /init (rdinit= names another), /sbin/init or /bin/sh");
}

static void init_main(void *unused)
{
	int err = initramfs_unpack();
	if (err)
		log_error("initramfs: not all of it could be unpacked: error %d\n", -err);
	drivers_init();
	/* kernel tasks go on without open files */
	if (files_unshare())
		panic("no memory for the first program's files");
	open_console();
	/* from here process 1 is an ordinary program */
	run_first_program();
	arch_enter_user();
}

void kernel_main(void)
{
	cmdline_parse();
	log_level_from_cmdline();
	log_info("Furca %s\n", first_uts_ns.name.release);
	log_info("Command line: %s\n", boot_info.cmdline);
	page_init();
	arch_init_traps();
	if (events_init_cpu(0))
		panic("no room for the first CPU's events");
	task_init();
	sched_init();
	arch_init_devices();
	time_init();
	first_task_init();
	fs_init();
	tty_init();
	cpus_start();
	arch_irq_enable();	/* as in any task that makes another */
	struct clone_request req = {
		.exit_signal = SIGCHLD,
		.kernel_fn = init_main,
		.node = NODE_ANY,
	};
	struct task *t = task_copy(&req);
	if (IS_ERR(t))
		panic("process 1 cannot be made: error %ld", -PTR_ERR(t));
	init_task = t;
	first_pid_ns.reaper = t;
	task_set_comm(t, "init");
	sched_start_new(t);
	sched_idle_loop();
}
