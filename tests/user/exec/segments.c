/* elf(5): programs whose segments overlap, touch, or end in zeroes: what lies where is told by the exit status. */
#include "check.h"
#include <elf.h>
#include <stddef.h>
#include <sys/personality.h>

#define BASE 0x400000UL
#define DATA 0x500000UL
#define FILE_PAGES 4

struct program {
	Elf64_Ehdr header;
	Elf64_Phdr segments[32];
	unsigned char code[64];
};

/* Page 0 of the file has the headers and the code, page n behind it holds the byte 10 * n all over. */
static struct program text = {
	.header = {
		.e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
		.e_type = ET_EXEC, .e_machine = EM_X86_64, .e_version = EV_CURRENT,
		.e_entry = BASE + offsetof(struct program, code), .e_phoff = offsetof(struct program, segments),
		.e_ehsize = sizeof(Elf64_Ehdr), .e_phentsize = sizeof(Elf64_Phdr), .e_phnum = 1,
	},
	.segments = {{.p_type = PT_LOAD, .p_flags = PF_R | PF_X, .p_vaddr = BASE, .p_filesz = PAGE, .p_memsz = PAGE}},
	/* movzbl ADDRESS, %edi; mov $60, %eax (exit); syscall */
	.code = {0x0f, 0xb6, 0x3c, 0x25, 0, 0, 0, 0, 0xb8, 60, 0, 0, 0, 0x0f, 0x05},
};

static void segment(unsigned flags, uint64_t at, uint64_t offset, uint64_t file_bytes, uint64_t bytes)
{
	text.segments[text.header.e_phnum++] = (Elf64_Phdr){
		.p_type = PT_LOAD, .p_flags = flags, .p_vaddr = at, .p_offset = offset, .p_filesz = file_bytes, .p_memsz = bytes,
	};
}

/* Runs the program: its end, as wait tells it. */
static int run_reading(uint64_t at)
{
	static unsigned char page[PAGE];
	char name[] = "segments";
	char *argv[] = {name, 0};
	uint32_t low = (uint32_t)at;
	int status, fd = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0755);

	memcpy(text.code + 4, &low, sizeof(low));
	CHECK(pwrite(fd, &text, sizeof(text), 0) == sizeof(text));
	for (int i = 1; i < FILE_PAGES; i++) {
		memset(page, 10 * i, sizeof(page));
		CHECK(pwrite(fd, page, sizeof(page), i * PAGE) == sizeof(page));
	}
	CHECK_OK(close(fd));
	pid_t pid = fork();
	if (!pid) {
		execv(name, argv);
		_exit(errno == ENOEXEC ? 99 : 98);
	}
	CHECK(waitpid(pid, &status, 0) == pid);
	return status;
}

/* The program ends with the byte at `at`; -1: it ends in another way. */
static int byte_at(uint64_t at)
{
	int status = run_reading(at);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST(segments_apart)
{
	segment(PF_R, DATA, PAGE, PAGE, PAGE);
	segment(PF_R | PF_W, DATA + 4 * PAGE, 2 * PAGE, PAGE, PAGE);
	CHECK_EQ(byte_at(BASE), 0x7f);
	CHECK_EQ(byte_at(DATA), 10);
	CHECK_EQ(byte_at(DATA + 4 * PAGE + 17), 20);
	CHECK_EQ(byte_at(DATA + PAGE), -1);
}

TEST(the_later_of_two_takes_the_place)
{
	segment(PF_R | PF_W, DATA, PAGE, 2 * PAGE, 2 * PAGE);
	segment(PF_R | PF_W, DATA + PAGE, 3 * PAGE, PAGE, PAGE);
	CHECK_EQ(byte_at(DATA), 10);
	CHECK_EQ(byte_at(DATA + PAGE), 30);
	text.segments[2].p_vaddr = DATA;
	CHECK_EQ(byte_at(DATA), 30);
	CHECK_EQ(byte_at(DATA + PAGE), 20);
}

TEST(neighbours_that_say_the_same)
{
	segment(PF_R, DATA, PAGE, PAGE, PAGE);
	segment(PF_R, DATA + PAGE, 2 * PAGE, PAGE, PAGE);
	segment(PF_R, DATA + 2 * PAGE, PAGE, PAGE, PAGE);
	CHECK_EQ(byte_at(DATA + PAGE - 1), 10);
	CHECK_EQ(byte_at(DATA + PAGE), 20);
	CHECK_EQ(byte_at(DATA + 2 * PAGE), 10);
	CHECK_EQ(byte_at(DATA + 3 * PAGE), -1);
}

TEST(the_end_is_zero)
{
	segment(PF_R | PF_W, DATA, PAGE, 100, 3 * PAGE);
	CHECK_EQ(byte_at(DATA + 99), 10);
	CHECK_EQ(byte_at(DATA + 100), 0);
	CHECK_EQ(byte_at(DATA + PAGE), 0);
	CHECK_EQ(byte_at(DATA + 3 * PAGE - 1), 0);
	CHECK_EQ(byte_at(DATA + 3 * PAGE + 40 * PAGE), -1);
}

/* As many as there can be program headers here: more than one edit takes. */
TEST(many_segments)
{
	for (int i = 0; i < 7; i++)
		segment(i % 2 ? PF_R : PF_R | PF_W, DATA + 2 * i * PAGE, (1 + i % 3) * PAGE, PAGE, PAGE);
	for (int i = 0; i < 7; i++)
		CHECK_EQ(byte_at(DATA + (2 * i + 1) * PAGE - 1), 10 * (1 + i % 3));
}

/* Whoever finds out that a program cannot be mapped when the old one is gone has it end as if it had touched nothing. */
TEST(what_cannot_be_mapped_is_a_fault)
{
	segment(PF_R | PF_W, DATA, PAGE, PAGE, 1ul << 62);
	CHECK_EQ(run_reading(BASE), SIGSEGV);
	text.segments[1].p_memsz = PAGE - 1;
	CHECK_EQ(run_reading(BASE), SIGSEGV);
	text.segments[1].p_memsz = PAGE;
	text.segments[1].p_offset++;
	CHECK_EQ(run_reading(BASE), SIGSEGV);
}

/* An address and a size whose sum begins again at 0. */
TEST(segments_that_wrap)
{
	for (int i = 0; i < 30; i++)
		segment(PF_R | PF_W, -PAGE, 0, 0, 2 * PAGE);
	CHECK_EQ(run_reading(BASE), SIGSEGV);
	text.header.e_phnum = 1;
	for (int i = 0; i < 30; i++)
		segment(PF_R | PF_W, -PAGE, 0, PAGE, DATA);
	CHECK_EQ(run_reading(BASE), SIGSEGV);
	text.header.e_phnum = 1;
	segment(PF_R | PF_W, -PAGE + 8, 8, 0, 1ul << 47);
	CHECK_EQ(run_reading(BASE), SIGSEGV);
}

/* Where the stack begins when nothing is left to chance. Linux lets a segment that is not the first take its place. */
TEST(a_segment_in_the_stacks_place)
{
	CHECK(personality(ADDR_NO_RANDOMIZE) >= 0);
	segment(PF_R | PF_W, (1ul << 47) - PAGE - 8 * PAGE, PAGE, PAGE, 8 * PAGE);
	for (int i = 0; i < 20; i++) {
		int status = run_reading(BASE);
		CHECK(status == SIGSEGV || status == 0x7f00);
	}
}

TEST(the_tail_to_be_zeroed_lies_behind_the_file)
{
	segment(PF_R | PF_W, DATA, FILE_PAGES * PAGE, 100, 3 * PAGE);
	int status = run_reading(BASE);
	if (status == SIGSEGV)	/* a Linux after 6.1 gives up */
		return;
	CHECK_EQ(status, 0x7f00);
	CHECK_EQ(run_reading(DATA + 100), SIGBUS);
	CHECK_EQ(run_reading(DATA + PAGE), 0);
}

/* The machine's number decides. */
TEST(the_class_in_the_header_is_not_asked_for)
{
	text.header.e_ident[EI_CLASS] = ELFCLASS32;
	CHECK_EQ(run_reading(BASE), 0x7f00);
	text.header.e_ident[EI_DATA] = ELFDATA2MSB;
	CHECK_EQ(run_reading(BASE), 0x7f00);
	text.header.e_ident[EI_VERSION] = 9;
	CHECK_EQ(run_reading(BASE), 0x7f00);
	text.header.e_machine = EM_AARCH64;
	CHECK_EQ(run_reading(BASE), 99 << 8);
}

TEST(program_headers_behind_the_file_are_no_program)
{
	text.header.e_phoff = FILE_PAGES * PAGE;
	CHECK_EQ(run_reading(BASE), 99 << 8);
	text.header.e_phoff = 1ul << 63;
	CHECK_EQ(run_reading(BASE), 99 << 8);
}
