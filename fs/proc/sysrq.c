/*
 * fs/proc/sysrq.c: /proc/sysrq-trigger: one letter that does something to the whole machine. The file's mode (0200) is what
 * keeps others out. Way in: a write. Locks: none; b, c and o do not come back.
 * Source: the admin guide's page on sysrq. Differences from Linux: the letters are those of the table, others print the help.
 */
#include "fs/proc/proc.h"
#include "arch/arch.h"
#include "base/printk.h"
#include "syscall/define.h"

static void do_crash(void) { panic("sysrq triggered crash"); }
static void do_sync(void) { sys_sync(); }

static const struct { char key; const char *name; void (*act)(void); } keys[] = {
	{ 'b', "reboot", arch_reset },
	{ 'c', "crash", do_crash },
	{ 'o', "poweroff", arch_power_off },
	{ 's', "sync", do_sync },
};

ssize_t proc_write_sysrq(const struct proc_ref *r, char *text, size_t n)
{
	if (!n)
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		if (keys[i].key != text[0])
			continue;
		log_write(LOG_INFO, "sysrq: %s\n", keys[i].name);
		keys[i].act();
		return (ssize_t)n;
	}
	log_write(LOG_INFO, "sysrq: HELP : reboot(b) crash(c) poweroff(o) sync(s)\n");
	return (ssize_t)n;
}
