// Writes the tree as an uncompressed newc cpio, through libarchive, and says beforehand how large it will be.
// Names come in sorted order, folders before what is in them: the same tree gives the same bytes.
// A file with several names has its data with the last of them, as cpio(1) writes it.
#include "image.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { HEADER = 110, CHUNK = 1 << 20 };

struct writer {
	struct archive *archive;
	struct archive_entry *entry;
	uint32_t number; // last inode number given
	char *chunk;
};

static uint64_t round4(uint64_t n) {
	return (n + 3) & ~UINT64_C(3);
}

static uint64_t node_size(const struct node *n, size_t path_length) {
	uint64_t size = round4(HEADER + path_length + 1) + (n->twin == NULL ? round4(n->size) : 0);
	for (const struct node *child = n->children; child != NULL; child = child->next)
		size += node_size(child, path_length + 1 + strlen(child->name));
	return size;
}

uint64_t image_size(const struct image *im) {
	return node_size(im->root, 1) + 512;
}

static int by_name(const void *a, const void *b) {
	return strcmp((*(struct node *const *)a)->name, (*(struct node *const *)b)->name);
}

static void children_sort(struct node *n) {
	size_t count = 0, i = 0;
	for (struct node *c = n->children; c != NULL; c = c->next)
		count++;
	if (count < 2)
		return;
	struct node **all = memory_new(count * sizeof(*all));
	for (struct node *c = n->children; c != NULL; c = c->next)
		all[i++] = c;
	qsort(all, count, sizeof(*all), by_name);
	for (i = 0; i < count; i++)
		all[i]->next = i + 1 < count ? all[i + 1] : NULL;
	n->children = all[0];
	free(all);
}

static int write_failed(struct writer *w) {
	return fail(EXIT_TOOL, "cannot write the image", archive_error_string(w->archive), NULL);
}

// The size went into the header: a file that shrinks meanwhile is filled up, one that grows is cut.
static int host_copy(struct writer *w, const struct node *n) {
	int fd = open(n->host, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return fail(EXIT_TOOL, "cannot read", n->host, "%s", strerror(errno));
	uint64_t left = n->size;
	int status = 0;
	while (left > 0 && status == 0) {
		size_t want = left < CHUNK ? (size_t)left : CHUNK;
		ssize_t got = read(fd, w->chunk, want);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			status = fail(EXIT_TOOL, "cannot read", n->host, "%s", strerror(errno));
		else if (got == 0)
			memset(w->chunk, 0, (size_t)(got = (ssize_t)want));
		if (status == 0 && archive_write_data(w->archive, w->chunk, (size_t)got) < 0)
			status = write_failed(w);
		left -= (uint64_t)got;
	}
	close(fd);
	return status;
}

static int node_write(struct writer *w, struct node *n, const char *path) {
	struct node *file = n->twin != NULL ? n->twin : n;
	if (file->number == 0) {
		file->number = ++w->number;
		file->left = file->names;
	}
	bool has_data = S_ISREG(n->mode) && --file->left == 0;
	struct archive_entry *e = archive_entry_clear(w->entry);
	archive_entry_set_pathname(e, path);
	archive_entry_set_mode(e, file->mode);
	archive_entry_set_uid(e, file->uid);
	archive_entry_set_gid(e, file->gid);
	archive_entry_set_mtime(e, file->mtime > 0 ? file->mtime : 0, 0);
	archive_entry_set_ino64(e, file->number);
	archive_entry_set_nlink(e, S_ISDIR(n->mode) ? 2 : file->names);
	archive_entry_set_dev(e, 0);
	archive_entry_set_size(e, has_data ? (int64_t)file->size : 0);
	if (S_ISLNK(n->mode))
		archive_entry_set_symlink(e, n->target);
	if (S_ISCHR(n->mode) || S_ISBLK(n->mode))
		archive_entry_set_rdev(e, n->device);
	if (archive_write_header(w->archive, e) != ARCHIVE_OK)
		return write_failed(w);
	if (!has_data || file->size == 0)
		return 0;
	if (file->host != NULL)
		return host_copy(w, file);
	return archive_write_data(w->archive, file->data.data, file->size) < 0 ? write_failed(w) : 0;
}

static int tree_write(struct writer *w, struct node *n, const char *path) {
	int status = node_write(w, n, path);
	children_sort(n);
	for (struct node *child = n->children; child != NULL && status == 0; child = child->next) {
		char *below = n->parent != NULL ? text_format("%s/%s", path, child->name) : text_copy(child->name);
		status = tree_write(w, child, below);
		free(below);
	}
	return status;
}

int image_write(struct image *im, int fd) {
	struct writer w = { .archive = archive_write_new(), .entry = archive_entry_new(), .chunk = memory_new(CHUNK) };
	int status = 0;
	if (w.archive == NULL || w.entry == NULL)
		status = fail(EXIT_TOOL, "out of memory", NULL, NULL);
	else if (archive_write_set_format_cpio_newc(w.archive) != ARCHIVE_OK ||
		 archive_write_set_bytes_per_block(w.archive, CHUNK) != ARCHIVE_OK ||
		 archive_write_set_bytes_in_last_block(w.archive, 1) != ARCHIVE_OK ||
		 archive_write_open_fd(w.archive, fd) != ARCHIVE_OK)
		status = write_failed(&w);
	if (status == 0)
		status = tree_write(&w, im->root, ".");
	if (status == 0 && archive_write_close(w.archive) != ARCHIVE_OK)
		status = write_failed(&w);
	archive_entry_free(w.entry);
	archive_write_free(w.archive);
	free(w.chunk);
	return status;
}
