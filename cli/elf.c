// Reads the head of a program: ELF (elf(5)) or script (execve(2)). Broken files give KIND_UNKNOWN, never a fault: every
// offset is checked against the file's size.
#include "elf.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

struct view {
	const char *data;
	size_t size;
};

static const void *at(const struct view *v, uint64_t offset, uint64_t size) {
	return offset <= v->size && size <= v->size - offset ? v->data + offset : NULL;
}

static const char *string_at(const struct view *v, uint64_t offset) {
	if (offset >= v->size)
		return NULL;
	const char *s = v->data + offset;
	return memchr(s, '\0', v->size - offset) != NULL ? s : NULL;
}

static bool header_get(const struct view *v, const Elf64_Ehdr *e, unsigned i, Elf64_Phdr *out) {
	const void *p = at(v, e->e_phoff + (uint64_t)i * sizeof(*out), sizeof(*out));
	if (p != NULL)
		memcpy(out, p, sizeof(*out));
	return p != NULL;
}

static uint64_t address_offset(const struct view *v, const Elf64_Ehdr *e, uint64_t address) {
	Elf64_Phdr p;
	for (unsigned i = 0; i < e->e_phnum && header_get(v, e, i, &p); i++)
		if (p.p_type == PT_LOAD && address >= p.p_vaddr && address - p.p_vaddr < p.p_filesz)
			return p.p_offset + (address - p.p_vaddr);
	return UINT64_MAX;
}

static void needed_read(struct program_file *f, const struct view *v, const Elf64_Ehdr *e, const Elf64_Phdr *dynamic) {
	uint64_t strings = UINT64_MAX;
	for (int pass = 0; pass < 2; pass++)
		for (uint64_t i = 0; i < dynamic->p_filesz / sizeof(Elf64_Dyn); i++) {
			Elf64_Dyn d;
			const void *p = at(v, dynamic->p_offset + i * sizeof(d), sizeof(d));
			if (p == NULL)
				return;
			memcpy(&d, p, sizeof(d));
			if (d.d_tag == DT_NULL)
				break;
			if (pass == 0 && d.d_tag == DT_STRTAB)
				strings = address_offset(v, e, d.d_un.d_ptr);
			if (pass == 1 && d.d_tag == DT_NEEDED && strings < v->size) {
				const char *name = string_at(v, strings + d.d_un.d_val);
				if (name != NULL)
					list_add(&f->needed, text_copy(name));
			}
		}
}

static void elf_parse(struct program_file *f, const struct view *v) {
	const unsigned char *ident = (const unsigned char *)v->data;
	const Elf32_Ehdr *narrow = at(v, 0, sizeof(*narrow));
	if (narrow == NULL)
		return;
	f->kind = KIND_ELF;
	f->bits = ident[EI_CLASS] == ELFCLASS64 ? 64 : 32;
	uint16_t type, machine; // at the same place in both classes
	memcpy(&type, v->data + 16, 2);
	memcpy(&machine, v->data + 18, 2);
	if (ident[EI_DATA] == ELFDATA2MSB) {
		type = (uint16_t)(type >> 8 | type << 8);
		machine = (uint16_t)(machine >> 8 | machine << 8);
	}
	f->machine = machine;
	f->is_object = type != ET_EXEC && type != ET_DYN;
	Elf64_Ehdr e;
	if (f->bits != 64 || ident[EI_DATA] != ELFDATA2LSB || at(v, 0, sizeof(e)) == NULL)
		return;
	memcpy(&e, v->data, sizeof(e));
	if (e.e_phentsize != sizeof(Elf64_Phdr))
		return;
	Elf64_Phdr p;
	for (unsigned i = 0; i < e.e_phnum && header_get(v, &e, i, &p); i++) {
		const char *name = p.p_type == PT_INTERP ? string_at(v, p.p_offset) : NULL;
		if (name != NULL && f->interpreter == NULL)
			f->interpreter = text_copy(name);
		if (p.p_type == PT_DYNAMIC)
			needed_read(f, v, &e, &p);
	}
}

static void script_parse(struct program_file *f, const struct view *v) {
	const char *line = v->data + 2, *end = memchr(v->data, '\n', v->size < 256 ? v->size : 256);
	if (end == NULL)
		end = v->data + (v->size < 256 ? v->size : 256);
	f->kind = KIND_SCRIPT;
	while (line < end && (*line == ' ' || *line == '\t'))
		line++;
	while (end > line && (end[-1] == ' ' || end[-1] == '\t'))
		end--;
	const char *stop = line;
	while (stop < end && *stop != ' ' && *stop != '\t')
		stop++;
	f->interpreter = text_copy_n(line, (size_t)(stop - line));
	while (stop < end && (*stop == ' ' || *stop == '\t'))
		stop++;
	if (stop < end)
		f->argument = text_copy_n(stop, (size_t)(end - stop));
}

void program_file_parse(struct program_file *f, const char *data, size_t size) {
	struct view v = { data, size };
	*f = (struct program_file){ .kind = KIND_UNKNOWN };
	if (size >= SELFMAG && memcmp(data, ELFMAG, SELFMAG) == 0)
		elf_parse(f, &v);
	else if (size >= 2 && data[0] == '#' && data[1] == '!')
		script_parse(f, &v);
	else if (memchr(data, '\0', size < 512 ? size : 512) == NULL)
		f->kind = KIND_TEXT;
}

int program_file_read(struct program_file *f, const char *path) {
	*f = (struct program_file){ .kind = KIND_UNKNOWN };
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	struct stat st;
	int error = fstat(fd, &st) != 0 ? -errno : S_ISDIR(st.st_mode) ? -EISDIR : !S_ISREG(st.st_mode) ? -EACCES : 0;
	if (error == 0 && st.st_size == 0) {
		f->kind = KIND_TEXT;
	} else if (error == 0) {
		char *data = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
		if (data == MAP_FAILED) {
			error = -errno;
		} else {
			program_file_parse(f, data, (size_t)st.st_size);
			munmap(data, (size_t)st.st_size);
		}
	}
	close(fd);
	return error;
}

void program_file_drop(struct program_file *f) {
	free(f->interpreter);
	free(f->argument);
	list_drop(&f->needed);
	*f = (struct program_file){ 0 };
}

const char *elf_machine_name(unsigned machine) {
	switch (machine) {
	case EM_386: return "32-bit x86";
	case EM_X86_64: return "x86-64";
	case EM_ARM: return "32-bit ARM";
	case EM_AARCH64: return "AArch64";
	case EM_RISCV: return "RISC-V";
	case EM_PPC64: return "PowerPC 64";
	case EM_S390: return "S/390";
	case EM_MIPS: return "MIPS";
	case EM_LOONGARCH: return "LoongArch";
	default: return "another CPU";
	}
}
