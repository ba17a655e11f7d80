/*
 * boot/machine_calls.c: calls about the whole machine: reboot, sysinfo, syslog.
 * Source: reboot(2), sysinfo(2), syslog(2).
 */
#include "namespace/pid_ns.h"
#include "namespace/user.h"
#include "task/task.h"
#include "mm/page.h"
#include "mm/slab.h"
#include "mm/user_access.h"
#include "syscall/define.h"
#include "arch/arch.h"
#include "base/printk.h"
#include "base/string.h"
#include "namespace/time_ns.h"
#include <linux/capability.h>
#include <linux/reboot.h>
#include <linux/sysinfo.h>
#include <linux/time.h>

long sys_reboot(int magic1, int magic2, unsigned cmd, uptr arg)
{
	struct pid_ns *ns = current_pid_ns();
	if (!ns_capable(ns->ns.owner, CAP_SYS_BOOT))
		return -EPERM;
	if ((unsigned)magic1 != LINUX_REBOOT_MAGIC1 ||
	    (magic2 != LINUX_REBOOT_MAGIC2 && magic2 != LINUX_REBOOT_MAGIC2A && magic2 != LINUX_REBOOT_MAGIC2B &&
	     magic2 != LINUX_REBOOT_MAGIC2C))
		return -EINVAL;
	if (ns != &first_pid_ns)
		return pid_ns_reboot(ns, cmd);
	switch (cmd) {
	case LINUX_REBOOT_CMD_POWER_OFF:
	case LINUX_REBOOT_CMD_HALT:
		log_write(LOG_NOTICE, "reboot: power down\n");
		arch_power_off();
	case LINUX_REBOOT_CMD_RESTART:
	case LINUX_REBOOT_CMD_RESTART2:
		log_write(LOG_NOTICE, "reboot: restart\n");
		arch_reset();
	case LINUX_REBOOT_CMD_CAD_ON:
	case LINUX_REBOOT_CMD_CAD_OFF:
		return 0;	/* there is no keyboard whose Ctrl-Alt-Del could reach us */
	default:
		return -EINVAL;
	}
}

long sys_sysinfo(uptr info)
{
	struct sysinfo s = {};
	struct memory_stats m;
	memory_stats(&m);
	s.uptime = clock_shown_ns(CLOCK_BOOTTIME, time_now_ns()) / NSEC_PER_SEC;
	sched_loadavg(s.loads);
	for (int i = 0; i < 3; i++)
		s.loads[i] <<= SI_LOAD_SHIFT - 11;
	s.totalram = m.total_pages;
	s.freeram = m.free_pages;
	s.sharedram = m.shmem_pages;
	s.procs = (u16)atomic_read(&task_count);
	s.mem_unit = PAGE_SIZE;
	return copy_to_user(info, &s, sizeof(s));
}

enum { LOG_CLOSE, LOG_OPEN, LOG_READ, LOG_READ_ALL, LOG_READ_CLEAR, LOG_CLEAR, LOG_CONSOLE_OFF, LOG_CONSOLE_ON,
	LOG_CONSOLE_LEVEL, LOG_SIZE_UNREAD, LOG_SIZE_BUFFER };

static u64 read_seq, clear_seq;	/* for LOG_READ and LOG_CLEAR; a lost race repeats or skips a line at worst */

static long copy_log(u64 *seq, uptr buf, size_t len)
{
	char chunk[256];
	size_t done = 0;
	while (done < len) {
		size_t n = log_read(seq, chunk, MIN(sizeof(chunk), len - done));
		if (!n)
			break;
		if (copy_to_user(buf + done, chunk, n))
			return -EFAULT;
		done += n;
	}
	return (long)done;
}

long sys_syslog(int type, uptr buf, int len)
{
	if (type != LOG_READ_ALL && type != LOG_SIZE_BUFFER && !capable(CAP_SYSLOG) && !capable(CAP_SYS_ADMIN))
		return -EPERM;
	if ((type == LOG_READ || type == LOG_READ_ALL || type == LOG_READ_CLEAR) && (!buf || len < 0))
		return -EINVAL;
	u64 from = MAX(clear_seq, log_first_seq());
	switch (type) {
	case LOG_CLOSE:
	case LOG_OPEN:
		return 0;
	case LOG_READ:
		return copy_log(&read_seq, buf, len);
	case LOG_READ_ALL:
		return copy_log(&from, buf, len);
	case LOG_READ_CLEAR: {
		long n = copy_log(&from, buf, len);
		clear_seq = log_end_seq();
		return n;
	}
	case LOG_CLEAR:
		clear_seq = log_end_seq();
		return 0;
	case LOG_CONSOLE_OFF:
		log_console_level = 1;
		return 0;
	case LOG_CONSOLE_ON:
		log_console_level = 7;
		return 0;
	case LOG_CONSOLE_LEVEL:
		if (len < 1 || len > 8)
			return -EINVAL;
		log_console_level = len;
		return 0;
	case LOG_SIZE_UNREAD:
		return (long)(log_end_seq() - MAX(read_seq, log_first_seq()));
	case LOG_SIZE_BUFFER:
		return 65536;
	default:
		return -EINVAL;
	}
}
