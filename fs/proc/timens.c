/*
 * fs/proc/timens.c: /proc/PID/timens_offsets: what the clocks of the time namespace of a process's children are ahead.
 * Errors: EINVAL (not "CLOCK SECONDS NANOSECONDS" in lines), ESRCH, and those of time_ns_set_offsets.
 * Source: time_namespaces(7).
 */
#include "fs/proc/proc.h"
#include "namespace/time_ns.h"
#include "base/string.h"
#include "mm/slab.h"
#include <linux/time.h>

#define OFFSETS_MAX 2

/* The namespace's file: a reference, or NULL: the process is gone. */
static struct ns *ns_of(const struct proc_ref *r)
{
	struct task *t = proc_task(r);
	struct namespaces *set = t ? task_get_namespaces(t) : NULL;
	struct ns *ns = set ? ns_get(set->of[NS_TIME_FOR_CHILDREN]) : NULL;

	namespaces_put(set);
	task_put(t);
	return ns;
}

static void line(struct text *t, const char *name, s64 offset)
{
	s64 ns = offset % (s64)NSEC_PER_SEC, seconds = offset / (s64)NSEC_PER_SEC;
	if (ns < 0) {
		ns += (s64)NSEC_PER_SEC;
		seconds--;
	}
	text_print(t, "%-10s %10ld %9ld\n", name, (long)seconds, (long)ns);
}

static ssize_t offsets_read(struct file *f, uptr buf, size_t n, loff *pos)
{
	struct ns *ns = ns_of(f->inode->private);
	struct text t = {};

	if (!ns)
		return -ESRCH;
	line(&t, "monotonic", time_ns_from(ns)->monotonic_ns);
	line(&t, "boottime", time_ns_from(ns)->boottime_ns);
	ns_put(ns);
	return proc_text_give(&t, buf, n, pos);
}

static char *skip_blank(char *s)
{
	while (*s == ' ' || (*s >= '\t' && *s <= '\r'))
		s++;
	return s;
}

static bool word_is(const char *s, size_t len, const char *word) { return strlen(word) == len && !strncmp(s, word, len); }

static int parse_line(char *s, struct timens_offset *o)
{
	char *word = skip_blank(s), *end = word;
	while (*end && skip_blank(end) == end)
		end++;
	size_t len = (size_t)(end - word);
	if (word_is(word, len, "monotonic") || word_is(word, len, "1"))
		o->clock = CLOCK_MONOTONIC;
	else if (word_is(word, len, "boottime") || word_is(word, len, "7"))
		o->clock = CLOCK_BOOTTIME;
	else
		return -EINVAL;
	s = skip_blank(end);
	bool is_negative = *s == '-';
	o->seconds = (s64)strtou64(s + is_negative, &end, 10);
	if (end == s + is_negative)
		return -EINVAL;
	if (is_negative)
		o->seconds = -o->seconds;
	s = skip_blank(end);
	o->ns = strtou64(s, &end, 10);
	return end == s || o->ns >= NSEC_PER_SEC ? -EINVAL : 0;
}

/* At most two lines count; a third one is left for another write. How many there were; *taken: the bytes of them. */
static int parse(char *text, struct timens_offset *o, size_t *taken)
{
	int n = 0;
	for (char *s = text; s;) {
		char *end = strchr(s, '\n'), *next = end && end[1] ? end + 1 : NULL;
		if (end)
			*end = 0;
		int err = parse_line(s, &o[n]);
		if (err)
			return err;
		s = next;
		if (++n == OFFSETS_MAX && next) {
			*taken = (size_t)(next - text);
			break;
		}
	}
	return n;
}

static ssize_t offsets_write(struct file *f, uptr buf, size_t size, loff *pos)
{
	struct timens_offset o[OFFSETS_MAX];
	char *text = proc_text_take(buf, size, PAGE_SIZE, pos);

	if (IS_ERR(text))
		return PTR_ERR(text);
	int n = parse(text, o, &size);
	kfree(text);
	if (n < 0)
		return n;
	struct ns *ns = ns_of(f->inode->private);
	int err = ns ? time_ns_set_offsets(time_ns_from(ns), f->cred, o, n) : -ESRCH;
	if (ns)
		ns_put(ns);
	return err ? err : (ssize_t)size;
}

const struct file_ops proc_timens_fops = {
	.read = offsets_read, .write = offsets_write, .seek = proc_text_seek,
};
