// Unit tests of the image: the tree, the host's symbolic links, and the cpio as libarchive reads it back.
#include "image.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <cmocka.h>
#include "rootfs.h"

static char folder[] = "/tmp/furca-image-XXXXXX";

static char *below(const char *name) {
	return text_format("%s/%s", folder, name);
}

static void file_make(const char *name, const char *text, mode_t mode) {
	char *path = below(name);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, mode);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	fchmod(fd, mode);
	close(fd);
	free(path);
}

static int setup(void **state) {
	(void)state;
	if (mkdtemp(folder) == NULL || chdir(folder) != 0)
		return -1;
	mkdir("real", 0750);
	mkdir("real/sub", 0755);
	file_make("real/file", "contents\n", 0640);
	file_make("real/sub/tool", "#!/bin/sh\n", 0755);
	return symlink("real", "link") != 0 || symlink("file", "real/alias") != 0 ||
	       symlink("nowhere", "real/broken") != 0;
}

static int teardown(void **state) {
	(void)state;
	char *command = text_format("rm -rf %s", folder);
	int status = system(command);
	free(command);
	return status;
}

static void tree_follows_its_own_links(void **state) {
	(void)state;
	struct image *im = image_new(1);
	assert_non_null(image_folder(im, "/usr/lib"));
	assert_non_null(image_put_link(im, "/lib", "usr/lib"));
	assert_non_null(image_put_text(im, "/lib/a.so", 0644, "x"));
	char *path = node_path(image_find(im, "/lib/a.so", true));
	assert_string_equal(path, "/usr/lib/a.so");
	free(path);
	assert_true(S_ISLNK(image_find(im, "/lib", false)->mode));
	assert_true(S_ISDIR(image_find(im, "/lib", true)->mode));
	assert_null(image_find(im, "/lib/b.so", true));
	assert_null(image_folder(im, "/lib/a.so/x"));
	assert_ptr_equal(image_find(im, "/usr/../lib/./a.so", true), image_find(im, "/usr/lib/a.so", true));
	image_drop(im);
}

static void tree_survives_links_in_a_circle(void **state) {
	(void)state;
	struct image *im = image_new(1);
	image_put_link(im, "/a", "b");
	image_put_link(im, "/b", "/a");
	assert_null(image_find(im, "/a", true));
	assert_null(image_folder(im, "/a/x"));
	image_drop(im);
}

static void host_paths_bring_their_links(void **state) {
	(void)state;
	struct image *im = image_new(1);
	char *path = below("link/alias"), *final = NULL, *link = below("link"), *real = below("real/file");
	assert_int_equal(image_add_host(im, path, &final), 0);
	assert_string_equal(final, real);
	assert_string_equal(image_find(im, link, false)->target, "real");
	assert_true(S_ISREG(image_find(im, path, true)->mode));
	assert_int_equal(image_find(im, real, false)->size, 9);
	assert_int_equal(image_add_host(im, "/nonexistent/x", NULL), -ENOENT);
	free(path);
	free(final);
	free(link);
	free(real);
	image_drop(im);
}

static void host_links_yield_to_a_root_of_ones_own(void **state) {
	(void)state;
	struct image *im = image_new(1);
	im->has_rootfs = true;
	char *path = below("link/alias");
	assert_int_equal(image_add_host(im, path, NULL), 0);
	assert_true(S_ISREG(image_find(im, path, false)->mode));
	free(path);
	image_drop(im);
}

// Writes the image and gives what a reader finds, as "name type mode size [target];".
static char *listing(struct image *im, uint64_t *size) {
	int fd = memfd_create("test", 0);
	assert_int_equal(image_write(im, fd), 0);
	*size = (uint64_t)lseek(fd, 0, SEEK_END);
	lseek(fd, 0, SEEK_SET);
	struct archive *a = archive_read_new();
	archive_read_support_format_cpio(a);
	assert_int_equal(archive_read_open_fd(a, fd, 4096), ARCHIVE_OK);
	struct bytes out = { 0 };
	struct archive_entry *e;
	while (archive_read_next_header(a, &e) == ARCHIVE_OK) {
		const char *target = archive_entry_symlink(e) ?: archive_entry_hardlink(e) ?: "";
		char *line = text_format("%s %o %lld %s;", archive_entry_pathname(e), archive_entry_mode(e),
			(long long)archive_entry_size(e), target);
		bytes_add_text(&out, line);
		free(line);
	}
	archive_read_free(a);
	close(fd);
	return out.data;
}

static void image_is_written_in_order(void **state) {
	(void)state;
	struct image *im = image_new(1);
	image_put_text(im, "/b/file", 0600, "hello");
	image_put_link(im, "/c", "b/file");
	image_put_text(im, "/a", 0644, "");
	uint64_t size;
	char *text = listing(im, &size);
	assert_string_equal(text, ". 40755 0 ;a 100644 0 ;b 40755 0 ;b/file 100600 5 ;c 120777 6 b/file;");
	assert_true(image_size(im) >= size - 512 && image_size(im) <= size + 1024);
	free(text);
	image_drop(im);
}

static void trees_keep_modes_and_leave_out(void **state) {
	(void)state;
	struct image *im = image_new(1);
	char *real = below("real");
	assert_int_equal(image_add_tree(im, "/data", real, NULL), 0);
	uint64_t size;
	char *text = listing(im, &size);
	assert_string_equal(text, ". 40755 0 ;data 40750 0 ;data/alias 120777 4 file;data/broken 120777 7 nowhere;"
				  "data/file 100640 9 ;data/sub 40755 0 ;data/sub/tool 100755 10 ;");
	assert_int_equal(image_add_tree(im, "/data", "/nonexistent", NULL), EXIT_TOOL);
	free(text);
	free(real);
	image_drop(im);
}

static void archive_make(const char *path, int (*format)(struct archive *)) {
	struct archive *a = archive_write_new();
	format(a);
	assert_int_equal(archive_write_open_filename(a, path), ARCHIVE_OK);
	struct archive_entry *e = archive_entry_new();
	archive_entry_set_pathname(e, "./bin/one");
	archive_entry_set_mode(e, S_IFREG | 0755);
	archive_entry_set_size(e, 3);
	archive_entry_set_uid(e, 7);
	assert_int_equal(archive_write_header(a, e), ARCHIVE_OK);
	assert_int_equal(archive_write_data(a, "abc", 3), 3);
	archive_entry_clear(e);
	archive_entry_set_pathname(e, "./bin/two");
	archive_entry_set_mode(e, S_IFREG | 0755);
	archive_entry_set_hardlink(e, "./bin/one");
	assert_int_equal(archive_write_header(a, e), ARCHIVE_OK);
	archive_entry_free(e);
	assert_int_equal(archive_write_close(a), ARCHIVE_OK);
	archive_write_free(a);
}

static void rootfs_is_read_from_a_tar(void **state) {
	(void)state;
	char *path = below("root.tar"), *found = NULL;
	archive_make(path, archive_write_set_format_pax_restricted);
	struct image *im = image_new(1);
	assert_int_equal(rootfs_add(im, path), 0);
	struct node *one = image_find(im, "/bin/one", false), *two = image_find(im, "/bin/two", false);
	assert_int_equal(one->size, 3);
	assert_int_equal(one->uid, 7);
	assert_ptr_equal(two->twin, one);
	assert_int_equal(one->names, 2);
	uint64_t size;
	char *text = listing(im, &size);
	assert_non_null(strstr(text, "bin/two 100755 3 bin/one;")); // the data comes with the last name
	free(text);
	assert_int_equal(rootfs_find(im, "two", "/", "/usr/bin:/bin", &found), 0);
	assert_string_equal(found, "/bin/two");
	free(found);
	assert_int_equal(rootfs_find(im, "three", "/", "/bin", &found), EXIT_NOT_FOUND);
	assert_int_equal(rootfs_find(im, "/bin", "/", "/bin", &found), EXIT_CANNOT_RUN);
	node_remove(one); // the other name keeps the contents
	assert_null(two->twin);
	assert_int_equal(two->data.size, 3);
	image_drop(im);
	free(path);
}

static void rootfs_that_is_broken_is_refused(void **state) {
	(void)state;
	file_make("broken.tar", "this is no archive at all, only text that goes on for a while", 0644);
	file_make("empty.tar", "", 0644);
	char *broken = below("broken.tar"), *empty = below("empty.tar"), *root = below("root2.tar"),
	     *cut = below("cut.tar");
	struct image *im = image_new(1);
	assert_int_equal(rootfs_add(im, broken), EXIT_TOOL);
	assert_int_equal(rootfs_add(im, empty), EXIT_TOOL);
	assert_int_equal(rootfs_add(im, "/nonexistent.tar"), EXIT_TOOL);
	archive_make(root, archive_write_set_format_cpio_newc);
	struct bytes whole = { 0 };
	assert_int_equal(file_read(root, &whole), 0);
	int fd = open(cut, O_WRONLY | O_CREAT, 0644);
	assert_int_equal(write(fd, whole.data, 122), 122); // ends within the first file
	close(fd);
	assert_int_equal(rootfs_add(im, cut), EXIT_TOOL);
	bytes_drop(&whole);
	image_drop(im);
	free(broken);
	free(empty);
	free(root);
	free(cut);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tree_follows_its_own_links),
		cmocka_unit_test(tree_survives_links_in_a_circle),
		cmocka_unit_test(host_paths_bring_their_links),
		cmocka_unit_test(host_links_yield_to_a_root_of_ones_own),
		cmocka_unit_test(image_is_written_in_order),
		cmocka_unit_test(trees_keep_modes_and_leave_out),
		cmocka_unit_test(rootfs_is_read_from_a_tar),
		cmocka_unit_test(rootfs_that_is_broken_is_refused),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
