// Brings a program into the image with all that it needs to start: interpreter, libraries, a script's interpreter.
#ifndef FURCA_CLI_DEPS_H
#define FURCA_CLI_DEPS_H

#include "elf.h"
#include "image.h"

struct deps {
	struct image *im;    // borrowed
	char *const *envp;   // borrowed: the program's environment in the VM, which its loader sees too
	struct list sonames; // libraries that are in the image
	struct list done;    // files that have been looked at
	bool in_tree;	     // in a folder that is brought along: what a file there lacks is no error
};

void deps_drop(struct deps *d);

// All return 0, or an exit status after a message.
int deps_add_program(struct deps *d, const char *path); // what is to be executed
int deps_add_object(struct deps *d, const char *path);	// whatever file: only ELF files and scripts need more
int deps_add_tree(struct deps *d, const char *path, const char *host, bool (*skip)(const char *name));
void deps_add_optional(struct deps *d, const char *path); // brought if it is there; says nothing if not

// Finds NAME as the caller's shell would. 0 and an absolute path, or 126/127 after a message.
int program_find(const char *name, char **path);
char *path_search(const char *name, const char *path, int *error);

// What "ld.so --list" said: the files it named, and the first library that it did not find (owned, or NULL).
void loader_parse(const char *text, struct list *files, char **missing);
#endif
