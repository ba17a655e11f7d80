/*
 * fs/tty/console.c: /dev/tty, the controlling terminal of whoever opens it, and /dev/console, the terminal that
 * console= on the kernel command line names.
 *
 * Locks: none of its own. Errors: -ENXIO (no controlling terminal), -ENODEV (no such console), and the terminal's own.
 * Source: tty(4), console(4). /dev/console is never made a controlling terminal by opening it, and has no job control.
 */
#include "fs/tty/tty_core.h"
#include "base/printk.h"
#include "fs/sysfs.h"

static struct tty *console;	/* borrowed: set once at boot; drivers' terminals live for ever */

static int console_show_active(void *unused, char *buf, size_t size)
{
	return scnprintf(buf, size, "%s%u\n", console->driver->name, console->index);
}

void tty_console_set(struct tty *t)
{
	console = t;
	if (sysfs_add("class/tty/console/active", console_show_active, NULL))
		log_error("tty: no memory for /sys/class/tty\n");
}

static int current_tty_open(struct inode *i, struct file *f)
{
	struct tty *t = tty_of_current();
	if (!t)
		return -ENXIO;
	int err = tty_open_file(t, f, false, false);
	tty_put(t);
	return err;
}

static int console_open(struct inode *i, struct file *f)
{
	return console ? tty_open_file(console, f, false, true) : -ENODEV;
}

static const struct file_ops current_tty_fops = { .open = current_tty_open };
static const struct file_ops console_fops = { .open = console_open };

void console_init(void)
{
	if (dev_register("tty", 0666, 5, 0, &current_tty_fops, NULL) ||
	    dev_register("console", 0600, 5, 1, &console_fops, NULL))
		log_error("tty: no device nodes");
}
