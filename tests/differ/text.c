/* text.c: draws from the seed, and what agents say: names instead of numbers that differ from run to run. */
#include "differ.h"
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>

unsigned draw(unsigned n)
{
	uint64_t x = world->random;
	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	world->random = x;
	return (unsigned)((x * 0x2545f4914f6cdd1d) >> 33) % n;
}

bool chance(unsigned percent)
{
	return draw(100) < percent;
}

void say(const char *format, ...)
{
	struct box *b = self();
	va_list list;
	va_start(list, format);
	int room = (int)sizeof b->text - b->text_length;
	int n = vsnprintf(b->text + b->text_length, (size_t)room, format, list);
	va_end(list);
	b->text_length += n < room ? n : room - 1;
}

const char *error_name(long result)
{
	const char *name = result < 0 && result > -4096 ? strerrorname_np((int)-result) : NULL;
	return name ? name : "?";
}

void said(long result)
{
	if (result < 0 && result > -4096)
		say(" = %s", error_name(result));
	else
		say(" = %ld", result);
}

static const char *const names[AGENTS] = {"a0", "a1", "a2", "a3", "a4", "a5", "a6", "a7", "a8", "a9", "a10", "a11"};

/* A number nobody has said yet is that of the one child that has not spoken yet. */
const char *who_outside(long pid)
{
	if (pid == 0)
		return "0";
	if (pid < 0)
		return "none";
	if (pid == world->director)
		return "D";
	for (int look = 0; look < 2; look++) {		/* it may say its number between the two loops */
		for (int i = 0; i < world->born; i++)
			if (world->box[i].pid == pid)
				return names[i];
		for (int i = 0; i < world->born; i++)
			if (!world->box[i].pid) {
				world->box[i].pid = (int)pid;
				return names[i];
			}
	}
	return "?";
}

const char *who(long pid)
{
	static char raw[24];
	if (pid >= 0 && !self()->nested)
		return who_outside(pid);
	snprintf(raw, sizeof raw, "#%ld", pid);
	return raw;
}

int any_agent(void)
{
	return chance(25) ? self_index() : (int)draw((unsigned)world->born);
}

long pid_of(int index)
{
	if (self()->nested)
		return index % 5;
	int pid = world->box[index].pid;
	return pid > 0 ? pid : 999999;
}

int slurp(const char *path, char *to, int size)
{
	int fd = (int)sys(SYS_open, path, O_RDONLY | O_CLOEXEC), n = 0, got;
	if (fd < 0)
		return fd;
	while (n < size - 1 && (got = (int)sys(SYS_read, fd, to + n, size - 1 - n)) != 0) {
		if (got < 0) {
			n = got;
			break;
		}
		n += got;
	}
	sys(SYS_close, fd);
	to[n < 0 ? 0 : n] = 0;
	return n;
}
