// The kernel to boot: our own, which lies beside the tool, or another with the modules that it needs for our ports.
#ifndef FURCA_CLI_KERNEL_H
#define FURCA_CLI_KERNEL_H

#include "image.h"
#include "options.h"

struct kernel {
	char *path;    // owned
	char *init;    // owned: furca-init on the host
	char *release; // owned: "6.1.0-13-cloud-amd64" of a bzImage, or NULL
	bool is_linux;
};

// A file of ours: beside the tool (build/), or in ../lib/furca (installed). Owned, or NULL.
char *beside_find(const char *name);

// All: 0, or an exit status after a message.
int kernel_open(struct kernel *k, const char *path); // NULL: our own; without its init
int kernel_find(struct kernel *k, const struct options *o);
int kernel_modules_add(struct image *im, const struct kernel *k, const struct options *o, struct list *names);
void kernel_drop(struct kernel *k);

char *bzimage_release(const char *data, size_t size);    // owned, or NULL
char *elf_kernel_release(const char *data, size_t size); // the same
// The files that `name` needs, itself last, from the text of modules.dep. False if it is not there.
bool modules_order(const char *dep, const char *name, struct list *files);
#endif
