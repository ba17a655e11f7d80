// --rootfs DIR|TAR|CPIO becomes the tree of the initramfs. Archives may be compressed in any way that libarchive knows.
// Errors: an exit status after a message that names the file.
#include "rootfs.h"

#include <archive.h>
#include <archive_entry.h>
#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "elf.h"

static int archive_broken(struct archive *a, const char *path) {
	const char *why = archive_error_string(a);
	return fail(EXIT_TOOL, "cannot read the root file system", path, "%s: give a folder, a tar or a cpio archive",
		why ? why : "not an archive");
}

static int data_take(struct archive *a, struct archive_entry *e, struct node *n, const char *archive_path) {
	int64_t size = archive_entry_size_is_set(e) ? archive_entry_size(e) : 0;
	if (size > 0) {
		n->data.data = memory_grow(NULL, (size_t)size + 1);
		n->data.room = (size_t)size + 1;
	}
	static char chunk[65536];
	la_ssize_t got;
	while ((got = archive_read_data(a, chunk, sizeof(chunk))) > 0)
		bytes_add(&n->data, chunk, (size_t)got);
	n->size = n->data.size;
	return got < 0 ? archive_broken(a, archive_path) : 0;
}

static int link_take(struct image *im, const char *path, const char *to, const char *archive_path) {
	char *plain = path_join("/", to);
	struct node *first = image_find(im, plain, false);
	struct node *n = first != NULL && S_ISREG(first->mode) ? image_put(im, path, first->mode) : NULL;
	free(plain);
	if (n == NULL)
		return fail(EXIT_TOOL, "cannot read the root file system", archive_path,
			"hard link to %s, which is not there: pack it again", to);
	if (first->twin != NULL)
		first = first->twin;
	n->twin = first;
	n->size = first->size;
	first->names++;
	return 0;
}

static int entry_take(struct image *im, struct archive *a, struct archive_entry *e, const char *archive_path) {
	const char *name = archive_entry_pathname(e);
	if (name == NULL)
		return archive_broken(a, archive_path);
	char *path = path_join("/", name);
	mode_t mode = archive_entry_mode(e);
	struct node *n = NULL;
	int status = 0;
	if (archive_entry_hardlink(e) != NULL) {
		status = link_take(im, path, archive_entry_hardlink(e), archive_path);
		n = status == 0 ? image_find(im, path, false) : NULL;
		if (n != NULL && archive_entry_size_is_set(e) && archive_entry_size(e) > 0) {
			// cpio has the data with the last name
			bytes_drop(&n->twin->data);
			status = data_take(a, e, n->twin, archive_path);
		}
		free(path);
		return status;
	}
	if (S_ISDIR(mode)) {
		n = image_folder(im, path);
		if (n != NULL)
			n->mode = mode;
	} else if (S_ISLNK(mode) && archive_entry_symlink(e) != NULL) {
		n = image_put_link(im, path, archive_entry_symlink(e));
	} else {
		n = image_put(im, path, mode);
	}
	if (n == NULL) {
		status = fail(EXIT_TOOL, "cannot read the root file system", archive_path,
			"%s lies below something that is no folder", path);
	} else {
		n->uid = (uid_t)archive_entry_uid(e);
		n->gid = (gid_t)archive_entry_gid(e);
		n->mtime = archive_entry_mtime(e);
		n->device = archive_entry_rdev(e);
		if (S_ISREG(mode))
			status = data_take(a, e, n, archive_path);
	}
	free(path);
	return status;
}

static int archive_add(struct image *im, const char *path) {
	struct archive *a = archive_read_new();
	struct archive_entry *e;
	if (a == NULL)
		return fail(EXIT_TOOL, "out of memory", NULL, NULL);
	archive_read_support_filter_all(a);
	archive_read_support_format_tar(a);
	archive_read_support_format_cpio(a);
	int status = 0, got = ARCHIVE_EOF;
	unsigned count = 0;
	if (archive_read_open_filename(a, path, 65536) != ARCHIVE_OK)
		status = archive_broken(a, path);
	while (status == 0 && ((got = archive_read_next_header(a, &e)) == ARCHIVE_OK || got == ARCHIVE_WARN)) {
		status = entry_take(im, a, e, path);
		count++;
	}
	if (status == 0 && got != ARCHIVE_EOF)
		status = archive_broken(a, path);
	if (status == 0 && count == 0)
		status = fail(EXIT_TOOL, "cannot read the root file system", path,
			"it is empty: give a folder, a tar or a cpio archive");
	archive_read_free(a);
	return status;
}

int rootfs_add(struct image *im, const char *path) {
	struct stat st;
	if (stat(path, &st) != 0)
		return fail(EXIT_TOOL, "cannot read the root file system", path,
			"%s: give a folder, a tar or a cpio archive", strerror(errno));
	int status = S_ISDIR(st.st_mode) ? image_add_tree(im, "/", path, NULL) : archive_add(im, path);
	im->has_rootfs = true;
	return status;
}

static int check(struct node *n, const char *name) {
	struct node *file = n->twin != NULL ? n->twin : n;
	if (S_ISDIR(n->mode))
		return fail(EXIT_CANNOT_RUN, "cannot run it", name,
			"it is a folder of the root file system: name a program in it");
	if (!(n->mode & 0111))
		return fail(EXIT_CANNOT_RUN, "cannot run it", name,
			"it is not executable in the root file system: chmod +x it there");
	struct program_file f = { 0 };
	if (file->host != NULL)
		program_file_read(&f, file->host);
	else
		program_file_parse(&f, file->data.data ? file->data.data : "", file->data.size);
	bool is_wrong = f.kind == KIND_ELF && (f.machine != EM_X86_64 || f.bits != 64);
	int status = is_wrong ? fail(EXIT_CANNOT_RUN, "wrong architecture", name,
					"it is for %s, the VM is x86-64: use a root file system for x86-64",
					elf_machine_name(f.machine))
			      : 0;
	program_file_drop(&f);
	return status;
}

int rootfs_find(struct image *im, const char *name, const char *workdir, const char *search, char **path) {
	struct node *n = NULL;
	char *found = NULL;
	if (strchr(name, '/') != NULL) {
		found = path_join(workdir, name);
		n = image_find(im, found, true);
	} else {
		char *copy = text_copy(search);
		for (char *rest = copy, *folder; n == NULL && (folder = strsep(&rest, ":")) != NULL;) {
			free(found);
			found = text_format("%s/%s", folder, name);
			n = image_find(im, found, true);
			if (n != NULL && (S_ISDIR(n->mode) || !(n->mode & 0111)))
				n = NULL;
		}
		free(copy);
	}
	int status = n != NULL ? check(n, name)
			       : fail(EXIT_NOT_FOUND, "no such program", name,
					 "it is not in the root file system: give its path there");
	if (status == 0)
		*path = found;
	else
		free(found);
	return status;
}
