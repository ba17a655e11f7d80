// What the tool must know of an executable file: its kind, its CPU, its interpreter, the libraries it names.
#ifndef FURCA_CLI_ELF_H
#define FURCA_CLI_ELF_H

#include "util.h"

enum program_kind {
	KIND_ELF,
	KIND_SCRIPT, // "#!"
	KIND_TEXT,   // for /bin/sh to run, as execvp(3) does
	KIND_UNKNOWN,
};

struct program_file {
	enum program_kind kind;
	bool is_object;	    // ELF, but a relocatable or core file
	unsigned machine;   // ELF e_machine
	unsigned bits;	    // 32 or 64
	char *interpreter;  // owned: of an ELF file (NULL: static) or a script
	char *argument;	    // owned: the one argument of a script's first line, or NULL
	struct list needed; // sonames
};

int program_file_read(struct program_file *p, const char *path); // 0 or -errno
void program_file_parse(struct program_file *p, const char *data, size_t size);
void program_file_drop(struct program_file *p);
const char *elf_machine_name(unsigned machine);
#endif
