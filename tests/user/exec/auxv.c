/* The auxiliary vector and the first stack. */
#include "check.h"
#include <elf.h>
#include <link.h>
#include <sys/auxv.h>

static unsigned long *auxv(void)
{
	char **e = environ;
	while (*e)
		e++;
	return (unsigned long *)(e + 1);
}

static bool has(unsigned long type)
{
	for (unsigned long *a = auxv(); a[0] != AT_NULL; a += 2)
		if (a[0] == type)
			return true;
	return false;
}

TEST(entries)
{
	static const int wanted[] = {AT_PHDR, AT_PHENT, AT_PHNUM, AT_PAGESZ, AT_BASE, AT_FLAGS, AT_ENTRY, AT_UID, AT_EUID, AT_GID,
				     AT_EGID, AT_SECURE, AT_RANDOM, AT_EXECFN, AT_PLATFORM, AT_HWCAP, AT_CLKTCK, AT_HWCAP2};
	for (unsigned i = 0; i < sizeof wanted / sizeof *wanted; i++)
		if (!has(wanted[i]))
			check_fail(__FILE_NAME__, __LINE__, "no entry %d", wanted[i]);
}

TEST(values)
{
	CHECK_EQ(getauxval(AT_PAGESZ), PAGE);
	CHECK_EQ(getauxval(AT_CLKTCK), 100);
	CHECK_EQ(getauxval(AT_UID), getuid());
	CHECK_EQ(getauxval(AT_EUID), geteuid());
	CHECK_EQ(getauxval(AT_GID), getgid());
	CHECK_EQ(getauxval(AT_EGID), getegid());
	CHECK_EQ(getauxval(AT_SECURE), 0);
	CHECK_EQ(getauxval(AT_FLAGS), 0);
	CHECK_EQ(getauxval(AT_PHENT), sizeof(Elf64_Phdr));
	CHECK_STR((char *)getauxval(AT_PLATFORM), "x86_64");
	const char *name = (char *)getauxval(AT_EXECFN);
	CHECK(strlen(name) <= strlen(check_self) && !strcmp(name, check_self + strlen(check_self) - strlen(name)));
}

TEST(program_headers)
{
	Elf64_Phdr *headers = (Elf64_Phdr *)getauxval(AT_PHDR);
	unsigned long entry = getauxval(AT_ENTRY);
	bool entry_found = false;
	for (unsigned long i = 0; i < getauxval(AT_PHNUM); i++)
		if (headers[i].p_type == PT_LOAD && headers[i].p_flags & PF_X)
			entry_found |= entry >= headers[i].p_vaddr && entry < headers[i].p_vaddr + headers[i].p_memsz;
	CHECK(entry_found);
}

static unsigned char random_of[2][16];

HELPER(random)
{
	return write(1, (void *)getauxval(AT_RANDOM), 16) == 16 ? 0 : 1;
}

TEST(random_bytes_differ)
{
	for (int i = 0; i < 2; i++) {
		int ends[2];
		NEED_OK(pipe(ends));
		IN_CHILD {
			dup2(ends[1], 1);
			execl(check_self, check_self, "@random", NULL);
		}
		CHECK_EQ(read(ends[0], random_of[i], 16), 16);
		close(ends[0]);
		close(ends[1]);
	}
	CHECK(memcmp(random_of[0], random_of[1], 16));
}

HELPER(execfn)
{
	CHECK_STR((char *)getauxval(AT_EXECFN), argv[2]);
	CHECK_STR(argv[0], "other");
	return check_failed != 0;
}

TEST(execfn_is_the_path_as_given)
{
	check_scratch();
	CHECK_OK(symlink(check_self, "link"));
	IN_CHILD {
		execl("./link", "other", "@execfn", "./link", NULL);
		CHECK(!"exec");
	}
}

HELPER(stack_align)
{
	/* argc stands at a multiple of 16: argv is 8 above it. */
	CHECK_EQ((uintptr_t)argv % 16, 8);
	CHECK(argv[argc] == 0);
	CHECK(environ == argv + argc + 1);
	/* The strings lie in one row: arguments, then environment. */
	for (int i = 1; i < argc; i++)
		CHECK(argv[i] == argv[i - 1] + strlen(argv[i - 1]) + 1);
	CHECK(environ[0] == argv[argc - 1] + strlen(argv[argc - 1]) + 1);
	return check_failed != 0;
}

TEST(layout_of_the_first_stack)
{
	char *env[] = {"A=1", "B=2", 0};
	for (int extra = 0; extra < 4; extra++)
		IN_CHILD {
			char *argv[] = {"zero", "@stack_align", "x", "yy", "z", 0, 0};
			argv[2 + extra] = 0;
			execve(check_self, argv, env);
			CHECK(!"exec");
		}
}

TEST(clock_without_a_system_call)
{
	/* Where the kernel gives a vDSO it is an ELF image; and clock_gettime works with or without. */
	unsigned char *image = (void *)getauxval(AT_SYSINFO_EHDR);
	if (image)
		CHECK(!memcmp(image, "\x7f" "ELF", 4));
	struct timespec a, b;
	for (int i = 0; i < 100; i++) {
		CHECK_OK(clock_gettime(CLOCK_MONOTONIC, &a));
		CHECK_EQ(RAW(SYS_clock_gettime, CLOCK_MONOTONIC, &b), 0);
		long step = (b.tv_sec - a.tv_sec) * 1000000000 + b.tv_nsec - a.tv_nsec;
		CHECK(step >= 0);
		if (step < 0)
			break;
	}
}

TEST(maps_names)
{
	static char text[16384];
	CHECK(check_slurp("/proc/self/maps", text, sizeof text) > 0);
	CHECK(strstr(text, "[stack]"));
	CHECK(!strstr(text, "rwxp"));
}
