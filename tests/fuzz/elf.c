/*
 * elf.c: programs whose headers say what no linker would: fields at boundaries, files cut short, interpreters of the same kind,
 * and first lines of scripts.
 */
#include "fuzz.h"
#include <elf.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static const char *const bases[] = {"/proc/self/exe", "/bin/true", "/lib64/ld-linux-x86-64.so.2"};
static char head[8192];

static bool copy(const char *from, const char *to)
{
	static char block[65536];
	ssize_t n;
	int in = open(from, O_RDONLY), fd = open(to, O_WRONLY | O_CREAT | O_TRUNC, 0755);
	while (in >= 0 && fd >= 0 && (n = read(in, block, sizeof block)) > 0)
		(void)!write(fd, block, (size_t)n);
	if (in >= 0)
		close(in);
	if (fd >= 0)
		close(fd);
	return in >= 0 && fd >= 0;
}

void elf_furnish(void)
{
	copy(bases[2], HOME "/ld");
}

/* A field of the header or of one of the program's headers. */
static void change_field(void)
{
	Elf64_Ehdr *e = (void *)head;
	size_t at, width;
	if (below(3) == 0) {
		static const unsigned char offsets[][2] = {{16, 2}, {18, 2}, {24, 8}, {32, 8}, {40, 8}, {48, 4}, {52, 2}, {54, 2}, {56, 2}};
		unsigned which = below(ARRAY_SIZE(offsets));
		at = offsets[which][0], width = offsets[which][1];
	} else {
		static const unsigned char offsets[][2] = {{0, 4}, {4, 4}, {8, 8}, {16, 8}, {24, 8}, {32, 8}, {40, 8}, {48, 8}};
		unsigned which = below(ARRAY_SIZE(offsets)), count = e->e_phnum && e->e_phnum < 60 ? e->e_phnum : 1;
		at = sizeof *e + below(count) * sizeof(Elf64_Phdr) + offsets[which][0], width = offsets[which][1];
	}
	uint64_t value = boundary(), old = 0;
	memcpy(&old, head + at, width);
	if (below(3) == 0)
		value += old;
	if (width == 4 && below(2))
		value = below(8);
	memcpy(head + at, &value, width);
}

static void change_interpreter(void)
{
	static const char *const names[] = {HOME "/ld", HOME "/ld", "", "/", "/nothing", "/proc/self/exe", "/dev/null", HOME};
	Elf64_Ehdr *e = (void *)head;
	Elf64_Phdr *p = (void *)(head + sizeof *e);
	for (unsigned i = 0; i < e->e_phnum && i < 60; i++)
		if (p[i].p_type == PT_INTERP && p[i].p_offset < sizeof head - 64)
			strcpy(head + p[i].p_offset, names[below(ARRAY_SIZE(names))]);
}

static void write_script(const char *to)
{
	static const char *const parts[] = {"#!", " ", "\t", "\n", "/bin/true", HOME "/ld", "/proc/self/exe", "", "\r", "#", "\xff", "a"};
	char text[6000] = "#!";
	size_t n = 2;
	for (unsigned i = below(12); i > 0; i--)
		n += (size_t)sprintf(text + n, "%s", parts[below(ARRAY_SIZE(parts))]);
	if (below(4) == 0)
		n += (size_t)sprintf(text + n, "%s", to);
	for (size_t fill = below(3) ? 0 : below(5000); fill > 0; fill--)
		text[n++] = "x \0\n"[below(40) ? 0 : below(4)];
	int fd = open(to, O_WRONLY | O_CREAT | O_TRUNC, 0755);
	(void)!write(fd, text, n);
	close(fd);
}

static void make(const char *to)
{
	if (below(8) == 0)
		return write_script(to);
	const char *base = bases[below(ARRAY_SIZE(bases))];
	if (!copy(base, to))
		return;
	int fd = open(to, O_RDWR);
	ssize_t n = read(fd, head, sizeof head);
	if (below(3))
		change_interpreter();
	for (unsigned i = 1 + below(3); i > 0; i--)
		change_field();
	if (below(10) == 0)
		head[below(1024)] = (char)chance();
	(void)!pwrite(fd, head, (size_t)n, 0);
	if (below(6) == 0)
		(void)!ftruncate(fd, (off_t)(below(2) ? below(4096) : small_or_boundary() & 0xfffffff));
	close(fd);
}

static void try(const char *file)
{
	pid_t pid = fork();
	if (pid == 0) {
		char *args[] = {"fuzz", "quit", NULL}, *none[] = {NULL};
		execve(file, below(8) ? args : none, none);
		_exit(0);
	}
	for (int tick = 0; pid > 0 && waitpid(pid, NULL, WNOHANG) == 0; tick++) {
		if (tick == 200)
			kill(pid, SIGKILL);
		nanosleep(&(struct timespec){0, 2000000}, NULL);
	}
}

void elf_run(int steps)
{
	char file[64], loader[64];
	snprintf(file, sizeof file, HOME "/p%d", getpid());
	snprintf(loader, sizeof loader, HOME "/l%d", getpid());
	for (int i = 0; i < steps; i++) {
		make(file);
		/* Sometimes another's odd program becomes the interpreter. */
		if (below(8) == 0 && below(2)) {
			make(loader);
			rename(loader, HOME "/ld");
		}
		try(file);
		unlink(file);
	}
	unlink(loader);
}
