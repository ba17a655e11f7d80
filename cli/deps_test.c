// Unit tests of what a program needs: ELF heads, scripts, what ld.so says, kernel modules, the environment.
#include "deps.h"

#include <elf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "kernel.h"
#include "known.h"
#include "protocol.h"
#include "qemu.h"
#include "relay.h"
#include "run.h"

static void elf_of_this_host_is_read(void **state) {
	(void)state;
	struct program_file f;
	assert_int_equal(program_file_read(&f, "/proc/self/exe"), 0);
	assert_int_equal(f.kind, KIND_ELF);
	assert_int_equal(f.machine, EM_X86_64);
	assert_int_equal(f.bits, 64);
	assert_non_null(f.interpreter);
	assert_true(list_has(&f.needed, "libc.so.6"));
	program_file_drop(&f);
}

static void elf_that_is_cut_or_wild_is_no_fault(void **state) {
	(void)state;
	struct bytes whole = { 0 };
	assert_int_equal(file_read("/proc/self/exe", &whole), 0);
	struct program_file f;
	for (size_t size = 0; size < 4096; size += 7) {
		char *part = memory_new(size);
		memcpy(part, whole.data, size);
		program_file_parse(&f, part, size);
		program_file_drop(&f);
		free(part);
	}
	srand(1);
	char *wild = memory_new(8192);
	for (int round = 0; round < 2000; round++) {
		memcpy(wild, whole.data, 8192);
		for (int i = 0; i < 20; i++)
			wild[(i & 1 ? rand() % 1024 : rand() % 8192)] = (char)rand();
		memcpy(wild, ELFMAG, SELFMAG);
		program_file_parse(&f, wild, 8192);
		program_file_drop(&f);
	}
	free(wild);
	bytes_drop(&whole);
}

static void elf_for_another_cpu_is_named(void **state) {
	(void)state;
	Elf64_Ehdr e = { .e_type = ET_EXEC, .e_machine = EM_AARCH64 };
	memcpy(e.e_ident, ELFMAG, SELFMAG);
	e.e_ident[EI_CLASS] = ELFCLASS64;
	e.e_ident[EI_DATA] = ELFDATA2LSB;
	struct program_file f;
	program_file_parse(&f, (char *)&e, sizeof(e));
	assert_int_equal(f.kind, KIND_ELF);
	assert_string_equal(elf_machine_name(f.machine), "AArch64");
	program_file_drop(&f);
	e.e_ident[EI_DATA] = ELFDATA2MSB;
	e.e_machine = __builtin_bswap16(EM_S390);
	program_file_parse(&f, (char *)&e, sizeof(e));
	assert_string_equal(elf_machine_name(f.machine), "S/390");
	program_file_drop(&f);
}

static void script_check(const char *text, const char *interpreter, const char *argument) {
	struct program_file f;
	program_file_parse(&f, text, strlen(text));
	assert_int_equal(f.kind, KIND_SCRIPT);
	assert_string_equal(f.interpreter, interpreter);
	if (argument == NULL)
		assert_null(f.argument);
	else
		assert_string_equal(f.argument, argument);
	program_file_drop(&f);
}

static void scripts_name_their_interpreter(void **state) {
	(void)state;
	script_check("#!/bin/sh\necho", "/bin/sh", NULL);
	script_check("#! /usr/bin/env  python3 -u \n", "/usr/bin/env", "python3 -u");
	script_check("#!/bin/sh -e", "/bin/sh", "-e");
	script_check("#!\n", "", NULL);
	struct program_file f;
	program_file_parse(&f, "echo hi\n", 8);
	assert_int_equal(f.kind, KIND_TEXT);
	program_file_parse(&f, "\1\0\2\0", 4);
	assert_int_equal(f.kind, KIND_UNKNOWN);
}

static void loader_output_is_understood(void **state) {
	(void)state;
	struct list files = { 0 };
	char *missing;
	loader_parse(
		"\tlinux-vdso.so.1 (0x00007f)\n\tlibc.so.6 => /lib/a b/libc.so.6 (0x00007f)\n\t/lib64/ld.so.2 (0x7f)\n",
		&files, &missing);
	assert_null(missing);
	assert_int_equal(files.count, 2);
	assert_string_equal(files.items[0], "/lib/a b/libc.so.6");
	assert_string_equal(files.items[1], "/lib64/ld.so.2");
	list_drop(&files);
	static const char *const said[] = {
		"\tlibx.so => not found\n",
		"./p: error while loading shared libraries: libx.so: cannot open shared object file: No such file\n",
		"Error loading shared library libx.so: No such file (needed by ./p)\nError relocating ./p: f: symbol\n",
	};
	for (size_t i = 0; i < 3; i++) {
		loader_parse(said[i], &files, &missing);
		assert_string_equal(missing, "libx.so");
		free(missing);
		list_drop(&files);
	}
}

static void programs_are_found_on_path(void **state) {
	(void)state;
	int error;
	char *found = path_search("sh", "/nonexistent:/bin:/usr/bin", &error);
	assert_string_equal(found, "/bin/sh");
	free(found);
	assert_null(path_search("no-such-program", "/bin", &error));
	char *path = NULL;
	assert_int_equal(program_find("no-such-program", &path), EXIT_NOT_FOUND);
	assert_int_equal(program_find("/nonexistent/x", &path), EXIT_NOT_FOUND);
	assert_int_equal(program_find("/etc/passwd", &path), EXIT_CANNOT_RUN);
	assert_int_equal(program_find("/etc", &path), EXIT_CANNOT_RUN);
}

static void paths_become_plain(void **state) {
	(void)state;
	static const char *const cases[][3] = { { "/a/b", "c", "/a/b/c" }, { "/a/b", "../c/./d", "/a/c/d" },
		{ "/a", "/x//y/", "/x/y" }, { "/a", "../../..", "/" }, { "/", ".", "/" }, { "/a", ".", "/a" } };
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *path = path_join(cases[i][0], cases[i][1]);
		assert_string_equal(path, cases[i][2]);
		free(path);
	}
}

static void modules_come_in_order(void **state) {
	(void)state;
	const char *dep = "kernel/a/virtio.ko: kernel/a/virtio_ring.ko\nkernel/a/virtio_ring.ko:\n"
			  "kernel/a/virtio_mmio.ko.xz: kernel/a/virtio.ko kernel/a/virtio_ring.ko\n"
			  "kernel/b/virtio-rng.ko: kernel/a/virtio.ko kernel/a/virtio_ring.ko\n";
	struct list files = { 0 };
	assert_true(modules_order(dep, "virtio_mmio", &files));
	assert_int_equal(files.count, 3);
	assert_string_equal(files.items[0], "kernel/a/virtio_ring.ko");
	assert_string_equal(files.items[1], "kernel/a/virtio.ko");
	assert_string_equal(files.items[2], "kernel/a/virtio_mmio.ko.xz");
	assert_true(modules_order(dep, "virtio_rng", &files));
	assert_int_equal(files.count, 4);
	assert_false(modules_order(dep, "virtio_con", &files));
	list_drop(&files);
}

static void kernels_tell_their_release(void **state) {
	(void)state;
	char head[1024] = { 0 };
	memcpy(head + 0x202, "HdrS", 4);
	head[0x20e] = 0x40;
	strcpy(head + 0x240, "6.1.0-9-amd64 (builder) #1");
	char *release = bzimage_release(head, sizeof(head));
	assert_string_equal(release, "6.1.0-9-amd64");
	free(release);
	head[0x20f] = 0x7f;
	assert_null(bzimage_release(head, sizeof(head)));
	assert_null(bzimage_release("\177ELF", 4));
	static const char banner[] = "Linux version %s\0Linux version 6.1.0-furca x\0Linux version 6.1.0-9-amd64 (b)";
	release = elf_kernel_release(banner, sizeof(banner));
	assert_string_equal(release, "6.1.0-9-amd64");
	free(release);
	assert_null(elf_kernel_release(banner, 44));
}

static void virtualization_is_a_word_of_its_own(void **state) {
	(void)state;
	assert_true(cpu_has_virtualization("x\nflags\t\t: fpu svm sse\n"));
	assert_true(cpu_has_virtualization("x\nflags : vmx"));
	assert_false(cpu_has_virtualization("x\nflags\t\t: fpu svm_lock svme\nbugs : vmx\n"));
	assert_false(cpu_has_virtualization(""));
}

static void words_are_quoted_for_the_shell(void **state) {
	(void)state;
	static const char *const cases[][2] = { { "plain-1.2", "plain-1.2" }, { "a b", "'a b'" }, { "", "''" },
		{ "it's", "'it'\\''s'" } };
	for (size_t i = 0; i < 4; i++) {
		char *word = shell_quote(cases[i][0]);
		assert_string_equal(word, cases[i][1]);
		free(word);
	}
}

struct seen {
	int count;
	uint32_t last;
};

static void seen_take(void *context, uint32_t type, const char *data, uint32_t size) {
	struct seen *s = context;
	s->count++;
	s->last = type + (size > 0 ? (unsigned char)data[0] : 0);
}

static void frames_come_whole(void **state) {
	(void)state;
	struct bytes all = { 0 }, in = { 0 };
	struct seen seen = { 0 };
	frame_add(&all, 5, "\1abc", 4);
	frame_add(&all, 6, NULL, 0);
	for (size_t i = 0; i < all.size; i++) {
		bytes_add(&in, all.data + i, 1);
		assert_true(frames_take(&in, seen_take, &seen));
		assert_int_equal(seen.count, i == all.size - 1 ? 2 : i >= 11 ? 1 : 0);
	}
	assert_int_equal(seen.last, 6);
	assert_int_equal(in.size, 0);
	uint32_t mad[2] = { 1, UINT32_MAX };
	bytes_add(&in, mad, sizeof(mad));
	assert_false(frames_take(&in, seen_take, &seen));
	bytes_drop(&all);
	bytes_drop(&in);
}

static void environment_is_small(void **state) {
	(void)state;
	struct list env = { 0 };
	struct options o = { 0 };
	list_add(&o.env, text_copy("A=1"));
	list_add(&o.env, text_copy("COPIED"));
	list_add(&o.env, text_copy("ABSENT"));
	list_add(&o.env, text_copy("PATH=/x"));
	setenv("COPIED", "c d", 1);
	setenv("OTHER", "no", 1);
	setenv("TZ", "UTC", 1);
	unsetenv("ABSENT");
	run_environment(&env, &o);
	assert_true(list_has(&env, "A=1"));
	assert_true(list_has(&env, "COPIED=c d"));
	assert_true(list_has(&env, "PATH=/x"));
	assert_true(list_has(&env, "HOME=/root"));
	assert_true(list_has(&env, "TZ=UTC"));
	for (size_t i = 0; i < env.count; i++)
		assert_false(text_starts(env.items[i], "OTHER") || text_starts(env.items[i], "ABSENT"));
	list_drop(&env);
	options_drop(&o);
}

static void missing_files_are_worth_a_word_only_if_here(void **state) {
	(void)state;
	struct list paths = { 0 };
	run_missing("/etc/passwd\n/etc/passwd\n/etc/../etc/passwd\n/nonexistent/x\n/usr/lib/locale/C.utf8\n/proc/self/"
		    "maps\n"
		    "/usr/bin/env\n",
		&paths);
	assert_int_equal(paths.count, 2);
	assert_string_equal(paths.items[0], "/etc/passwd");
	assert_string_equal(paths.items[1], "/usr/bin/env");
	list_drop(&paths);
	assert_true(known_is_optional("/etc/ld.so.preload"));
}

static void panics_are_recognised(void **state) {
	(void)state;
	assert_true(console_is_panic("[ 1.0] furca: panic: page fault\n"));
	assert_true(console_is_panic("Kernel panic - not syncing: x"));
	assert_false(console_is_panic("all is well"));
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(elf_of_this_host_is_read),
		cmocka_unit_test(elf_that_is_cut_or_wild_is_no_fault),
		cmocka_unit_test(elf_for_another_cpu_is_named),
		cmocka_unit_test(scripts_name_their_interpreter),
		cmocka_unit_test(loader_output_is_understood),
		cmocka_unit_test(programs_are_found_on_path),
		cmocka_unit_test(paths_become_plain),
		cmocka_unit_test(modules_come_in_order),
		cmocka_unit_test(kernels_tell_their_release),
		cmocka_unit_test(virtualization_is_a_word_of_its_own),
		cmocka_unit_test(words_are_quoted_for_the_shell),
		cmocka_unit_test(frames_come_whole),
		cmocka_unit_test(environment_is_small),
		cmocka_unit_test(missing_files_are_worth_a_word_only_if_here),
		cmocka_unit_test(panics_are_recognised),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
