// The initramfs as a tree of nodes, and its way into a newc cpio.
#ifndef FURCA_CLI_IMAGE_H
#define FURCA_CLI_IMAGE_H

#include <sys/stat.h>
#include "util.h"

struct node {
	char *name;	       // owned
	struct node *parent;   // borrowed
	struct node *children; // owned; newest first until written
	struct node *next;
	mode_t mode;
	uid_t uid;
	gid_t gid;
	int64_t mtime;
	dev_t device;
	char *host;	   // owned: the host's file that its bytes come from, or
	struct bytes data; // the bytes themselves
	char *target;	   // owned: of a symbolic link
	uint64_t size;
	struct node *twin;    // borrowed: the first name of the same file (a hard link), or NULL
	unsigned names, left; // names that the file has, of which so many are not written yet
	uint32_t number;      // inode number in the cpio
};

struct image {
	struct node *root; // owned
	int64_t now;	   // time of what comes from no file
	bool has_rootfs;   // the root is the caller's: the host's symbolic links are followed, not copied
};

struct image *image_new(int64_t now);
void image_drop(struct image *im);

// The node at this path, or NULL. Symbolic links on the way are followed, the last one only if asked.
struct node *image_find(struct image *im, const char *path, bool follow);
char *node_path(const struct node *n); // owned by the caller

// Makes folders as needed. NULL if something on the way is no folder.
struct node *image_folder(struct image *im, const char *path);
struct node *image_put(struct image *im, const char *path, mode_t mode); // a new node, in place of an old one
struct node *image_put_text(struct image *im, const char *path, mode_t mode, const char *text);
struct node *image_put_link(struct image *im, const char *path, const char *target);
struct node *image_put_file(struct image *im, const char *path, const char *host, const struct stat *st);
void node_remove(struct node *n);
struct node *node_child(const struct node *folder, const char *name, size_t length);
struct node *node_add(struct node *folder, const char *name, size_t length, mode_t mode);
void node_own(struct node *n, const struct stat *st);

// The host's file or folder at the same path as on the host, with the symbolic links that lead there.
// 0, or -errno. `final`, if not NULL, gets the physical path, owned by the caller.
int image_add_host(struct image *im, const char *path, char **final);

// A folder and all below it, at `path`. `skip` (may be NULL) says which names to leave out; each file and link
// is shown to `each` (may be NULL). An exit status, after a message, or 0.
struct tree_walk {
	bool (*skip)(const char *name);
	int (*each)(void *context, const char *host);
	void *context;
};
int image_add_tree(struct image *im, const char *path, const char *host, const struct tree_walk *walk);

uint64_t image_size(const struct image *im); // of the cpio, to within a few bytes a file
int image_write(struct image *im, int fd);   // an exit status, after a message, or 0
#endif
