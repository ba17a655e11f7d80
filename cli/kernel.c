// Finds the kernel and init, and packs a Linux kernel's virtio modules in the order in which they must be loaded.
// A module that is built in is simply not in modules.dep. Compressed modules (.ko.xz, .ko.zst) are unpacked here.
// Errors: an exit status after a message.
#include "kernel.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "protocol.h"

char *beside_find(const char *name) {
	static const char *const places[] = { "", "../lib/furca/" };
	char self[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	if (n <= 0)
		return NULL;
	self[n] = '\0';
	for (size_t i = 0; i < 2; i++) {
		char *path = text_format("%.*s%s%s", (int)(path_base(self) - self), self, places[i], name);
		if (access(path, R_OK) == 0)
			return path;
		free(path);
	}
	return NULL;
}

char *bzimage_release(const char *data, size_t size) {
	// The setup header of the x86 boot protocol: magic at 0x202, offset of the version text (less 0x200) at 0x20e.
	if (size < 0x210 || memcmp(data + 0x202, "HdrS", 4) != 0)
		return NULL;
	size_t at = ((unsigned char)data[0x20e] | (size_t)(unsigned char)data[0x20f] << 8) + 0x200;
	if (at >= size)
		return NULL;
	size_t length = 0;
	while (at + length < size && length < 128 && data[at + length] > ' ')
		length++;
	return length > 0 ? text_copy_n(data + at, length) : NULL;
}

// An uncompressed Linux (vmlinux) has its banner somewhere; ours calls itself "-furca". Owned, or NULL.
char *elf_kernel_release(const char *data, size_t size) {
	static const char banner[] = "Linux version ";
	const char *end = data + size, *at = data;
	while ((at = memmem(at, (size_t)(end - at), banner, sizeof(banner) - 1)) != NULL) {
		at += sizeof(banner) - 1;
		size_t length = 0;
		while (at + length < end && length < 128 && at[length] > ' ')
			length++;
		char *release = text_copy_n(at, length);
		if (*release >= '0' && *release <= '9' && !text_ends(release, "-furca"))
			return release;
		free(release);
	}
	return NULL;
}

static int head_read(struct kernel *k) {
	int fd = open(k->path, O_RDONLY | O_CLOEXEC), error = errno;
	struct stat st;
	char *data = MAP_FAILED;
	if (fd >= 0 && fstat(fd, &st) == 0 && st.st_size > 0)
		data = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (fd < 0)
		return fail(EXIT_TOOL, "cannot read the kernel", k->path, "%s", strerror(error));
	close(fd);
	bool is_elf = data != MAP_FAILED && st.st_size > 4 && memcmp(data, "\177ELF", 4) == 0;
	if (data != MAP_FAILED) {
		size_t size = (size_t)st.st_size;
		k->release = is_elf ? elf_kernel_release(data, size) : bzimage_release(data, size);
		munmap(data, size);
	}
	k->is_linux = k->release != NULL;
	if (!k->is_linux && !is_elf)
		return fail(EXIT_TOOL, "not a kernel", k->path, "give a bzImage or an ELF file with a PVH note");
	return 0;
}

int kernel_open(struct kernel *k, const char *path) {
	*k = (struct kernel){ .path = path ? text_copy(path) : beside_find("furca-kernel") };
	if (k->path == NULL)
		return fail(EXIT_TOOL, "no kernel", "furca-kernel",
			"it is neither beside furca nor in ../lib/furca: run make, or name one with --kernel");
	return head_read(k);
}

int kernel_find(struct kernel *k, const struct options *o) {
	int status = kernel_open(k, o->kernel);
	if (status != 0)
		return status;
	k->init = beside_find("furca-init");
	return k->init != NULL ? 0
			       : fail(EXIT_TOOL, "no init for the VM", "furca-init",
					 "it is neither beside furca nor in ../lib/furca: run make");
}

void kernel_drop(struct kernel *k) {
	free(k->path);
	free(k->init);
	free(k->release);
}

// "kernel/drivers/virtio/virtio.ko.xz" is the module "virtio"; '-' and '_' are the same.
static bool is_module(const char *file, size_t length, const char *name) {
	const char *base = memrchr(file, '/', length);
	base = base != NULL ? base + 1 : file;
	size_t i = 0, left = length - (size_t)(base - file);
	for (; name[i] != '\0'; i++)
		if (i >= left || (base[i] == '-' ? '_' : base[i]) != name[i])
			return false;
	return left - i >= 3 && memcmp(base + i, ".ko", 3) == 0;
}

bool modules_order(const char *dep, const char *name, struct list *files) {
	for (; *dep != '\0'; dep += strcspn(dep, "\n"), dep += *dep == '\n') {
		size_t length = strcspn(dep, ":\n");
		if (dep[length] != ':' || !is_module(dep, length, name))
			continue;
		// A line lists what must be there first, the last one first of all.
		const char *at = dep + length + 1, *end = dep + strcspn(dep, "\n");
		while (end > at) {
			const char *start = end;
			while (start > at && start[-1] != ' ')
				start--;
			char *file = text_copy_n(start, (size_t)(end - start));
			if (*file != '\0' && !list_has(files, file))
				list_add(files, file);
			else
				free(file);
			end = start > at ? start - 1 : at;
		}
		char *file = text_copy_n(dep, length);
		if (!list_has(files, file))
			list_add(files, file);
		else
			free(file);
		return true;
	}
	return false;
}

// DIR itself, or below it as a root folder or as /lib/modules would have it. Owned, or NULL.
static char *modules_folder(const struct kernel *k, const struct options *o) {
	const char *base = o->modules ? o->modules : "/";
	char *tries[] = { text_copy(base), text_format("%s/%s", base, k->release),
		text_format("%s/lib/modules/%s", base, k->release) };
	char *found = NULL;
	for (size_t i = 0; i < 3; i++) {
		char *dep = text_format("%s/modules.dep", tries[i]);
		if (found == NULL && access(dep, R_OK) == 0)
			found = text_copy(tries[i]);
		free(dep);
		free(tries[i]);
	}
	return found;
}

static int module_read(const char *path, struct bytes *out) {
	struct archive *a = archive_read_new();
	struct archive_entry *e;
	static char chunk[65536];
	la_ssize_t got = -1;
	archive_read_support_filter_all(a);
	archive_read_support_format_raw(a);
	if (archive_read_open_filename(a, path, 65536) == ARCHIVE_OK && archive_read_next_header(a, &e) == ARCHIVE_OK)
		while ((got = archive_read_data(a, chunk, sizeof(chunk))) > 0)
			bytes_add(out, chunk, (size_t)got);
	int status = got < 0 ? fail(EXIT_TOOL, "cannot read a kernel module", path, "%s", archive_error_string(a)) : 0;
	archive_read_free(a);
	return status;
}

static int module_add(struct image *im, const char *folder, const char *file, struct list *names) {
	char *host = *file == '/' ? text_copy(file) : text_format("%s/%s", folder, file);
	struct bytes data = { 0 };
	int status = module_read(host, &data);
	if (status == 0) {
		char *path = text_format("%s/modules/%zu.ko", FURCA_DIR, names->count);
		struct node *n = image_put(im, path, S_IFREG | 0600);
		n->data = data;
		n->size = data.size;
		list_add(names, path);
	} else {
		bytes_drop(&data);
	}
	free(host);
	return status;
}

int kernel_modules_add(struct image *im, const struct kernel *k, const struct options *o, struct list *names) {
	if (!k->is_linux)
		return 0;
	char *folder = modules_folder(k, o);
	if (folder == NULL)
		return fail(EXIT_TOOL, "no modules for this kernel", k->release,
			"there is no modules.dep for it in %s: name its folder with --modules",
			o->modules ? o->modules : "/lib/modules");
	static const char *const wanted[] = { "virtio_mmio", "virtio_pci", "virtio_console" };
	char *dep_path = text_format("%s/modules.dep", folder);
	struct bytes dep = { 0 };
	struct list files = { 0 };
	int error = file_read(dep_path, &dep), status = 0;
	if (error != 0)
		status = fail(EXIT_TOOL, "cannot read", dep_path, "%s", strerror(-error));
	for (size_t i = 0; i < 3 && status == 0; i++)
		if (i == 2 || (i == 0) == (o->machine == MACHINE_MICROVM))
			modules_order(dep.data, wanted[i], &files);
	for (size_t i = 0; i < files.count && status == 0; i++)
		status = module_add(im, folder, files.items[i], names);
	list_drop(&files);
	bytes_drop(&dep);
	free(dep_path);
	free(folder);
	return status;
}
