// The initramfs as a tree of nodes. Files of the host are only named here; they are read when the image is written.
// Way in: image_new, image_add_*, image_put_*; way out: image_write (image_write.c).
// Errors: -errno where the caller knows better what to say, else an exit status after a message.
#include "image.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LINKS_MAX = 40 };

// Owners are kept, but the caller's own files belong to root in the VM, who is the one that runs there.
void node_own(struct node *n, const struct stat *st) {
	n->uid = geteuid() != 0 && st->st_uid == geteuid() ? 0 : st->st_uid;
	n->gid = geteuid() != 0 && st->st_gid == getegid() ? 0 : st->st_gid;
	n->mtime = st->st_mtime;
}

struct node *node_child(const struct node *folder, const char *name, size_t length) {
	for (struct node *n = folder->children; n != NULL; n = n->next)
		if (strncmp(n->name, name, length) == 0 && n->name[length] == '\0')
			return n;
	return NULL;
}

struct node *node_add(struct node *folder, const char *name, size_t length, mode_t mode) {
	struct node *n = memory_new(sizeof(*n));
	n->name = text_copy_n(name, length);
	n->parent = folder;
	n->mode = mode;
	n->mtime = folder != NULL ? folder->mtime : 0;
	n->names = 1;
	if (folder != NULL) {
		n->next = folder->children;
		folder->children = n;
	}
	return n;
}

static void node_free(struct node *n) {
	while (n->children != NULL) {
		struct node *child = n->children;
		n->children = child->next;
		node_free(child);
	}
	free(n->name);
	free(n->host);
	free(n->target);
	bytes_drop(&n->data);
	free(n);
}

// The first other name of the file whose first name is `old`; every further one is turned to it.
static void twins_turn(struct node *below, struct node *old, struct node **heir) {
	for (struct node *n = below->children; n != NULL; n = n->next) {
		if (n->twin == old) {
			n->twin = *heir;
			if (*heir == NULL)
				*heir = n;
		}
		twins_turn(n, old, heir);
	}
}

static void twins_leave(struct node *n) {
	if (n->twin != NULL) {
		n->twin->names--;
		return;
	}
	if (n->names < 2)
		return;
	struct node *root = n, *heir = NULL;
	while (root->parent != NULL)
		root = root->parent;
	twins_turn(root, n, &heir);
	if (heir == NULL)
		return;
	heir->names = n->names - 1;
	heir->size = n->size;
	heir->data = n->data;
	heir->host = n->host;
	n->data = (struct bytes){ 0 };
	n->host = NULL;
}

void node_remove(struct node *n) {
	twins_leave(n);
	for (struct node **at = &n->parent->children; *at != NULL; at = &(*at)->next)
		if (*at == n) {
			*at = n->next;
			break;
		}
	node_free(n);
}

struct image *image_new(int64_t now) {
	struct image *im = memory_new(sizeof(*im));
	im->now = now;
	im->root = node_add(NULL, "", 0, S_IFDIR | 0755);
	im->root->mtime = now;
	return im;
}

void image_drop(struct image *im) {
	if (im == NULL)
		return;
	node_free(im->root);
	free(im);
}

char *node_path(const struct node *n) {
	if (n->parent == NULL)
		return text_copy("/");
	char *above = node_path(n->parent);
	char *path = text_format("%s/%s", above[1] ? above : "", n->name);
	free(above);
	return path;
}

// Walks from `at`. With `make`, folders that are not there are made.
static struct node *walk(struct image *im, struct node *at, const char *path, bool follow, bool make, int depth) {
	if (depth > LINKS_MAX)
		return NULL;
	if (*path == '/')
		at = im->root;
	while (at != NULL && *path != '\0') {
		size_t length = strcspn(path, "/");
		const char *name = path;
		path += length;
		path += strspn(path, "/");
		if (length == 0 || (length == 1 && *name == '.'))
			continue;
		if (length == 2 && name[0] == '.' && name[1] == '.') {
			at = at->parent ? at->parent : at;
			continue;
		}
		if (!S_ISDIR(at->mode))
			return NULL;
		struct node *n = node_child(at, name, length);
		if (n == NULL && make) {
			n = node_add(at, name, length, S_IFDIR | 0755);
			n->mtime = im->now;
		}
		if (n != NULL && S_ISLNK(n->mode) && (follow || *path != '\0'))
			n = walk(im, at, n->target, true, make, depth + 1);
		at = n;
	}
	return at;
}

struct node *image_find(struct image *im, const char *path, bool follow) {
	return walk(im, im->root, path, follow, false, 0);
}

struct node *image_folder(struct image *im, const char *path) {
	struct node *n = walk(im, im->root, path, true, true, 0);
	return n != NULL && S_ISDIR(n->mode) ? n : NULL;
}

struct node *image_put(struct image *im, const char *path, mode_t mode) {
	const char *name = path_base(path);
	char *above = text_copy_n(path, (size_t)(name - path));
	struct node *folder = image_folder(im, above);
	free(above);
	if (folder == NULL || *name == '\0')
		return NULL;
	struct node *old = node_child(folder, name, strlen(name));
	if (old != NULL)
		node_remove(old);
	struct node *n = node_add(folder, name, strlen(name), mode);
	n->mtime = im->now;
	return n;
}

struct node *image_put_text(struct image *im, const char *path, mode_t mode, const char *text) {
	struct node *n = image_put(im, path, S_IFREG | mode);
	if (n != NULL) {
		bytes_add_text(&n->data, text);
		n->size = n->data.size;
	}
	return n;
}

struct node *image_put_link(struct image *im, const char *path, const char *target) {
	struct node *n = image_put(im, path, S_IFLNK | 0777);
	if (n != NULL) {
		n->target = text_copy(target);
		n->size = strlen(target);
	}
	return n;
}

struct node *image_put_file(struct image *im, const char *path, const char *host, const struct stat *st) {
	struct node *n = image_put(im, path, st->st_mode);
	if (n == NULL)
		return NULL;
	node_own(n, st);
	if (S_ISREG(st->st_mode)) {
		n->host = text_copy(host);
		n->size = (uint64_t)st->st_size;
	} else if (S_ISCHR(st->st_mode) || S_ISBLK(st->st_mode)) {
		n->device = st->st_rdev;
	}
	return n;
}

static char *link_read(const char *path) {
	char target[PATH_MAX];
	ssize_t n = readlink(path, target, sizeof(target) - 1);
	return n > 0 ? text_copy_n(target, (size_t)n) : NULL;
}

// With the caller's own root, only the file itself is brought, to wherever its path leads there.
static int add_followed(struct image *im, const char *path, const struct stat *st, char **final) {
	char *real = realpath(path, NULL);
	if (real == NULL)
		return -errno;
	struct node *n = S_ISDIR(st->st_mode) ? image_folder(im, path) : image_find(im, path, true);
	if (n == NULL && !S_ISDIR(st->st_mode))
		n = image_put_file(im, path, real, st);
	if (final != NULL)
		*final = text_copy(path);
	free(real);
	return n != NULL ? 0 : -ENOTDIR;
}

// One component of a path on the host, below `folder`: the node it leads to. `rest` is what is still to walk.
static int add_step(struct image *im, struct node **at, const char *name, char **rest) {
	char *above = node_path(*at);
	char *host = text_format("%s/%s", above[1] ? above : "", name);
	free(above);
	struct stat st;
	int error = lstat(host, &st) != 0 ? -errno : 0;
	struct node *n = node_child(*at, name, strlen(name));
	// What is a folder here already is gone into, even where the host has a link.
	if (error == 0 && S_ISLNK(st.st_mode) && !(n != NULL && S_ISDIR(n->mode))) {
		char *target = link_read(host);
		if (target == NULL) {
			error = -errno;
		} else {
			if (n == NULL)
				node_own(image_put_link(im, host, target), &st);
			char *both = text_format("%s/%s", target, *rest);
			*at = *target == '/' ? im->root : *at;
			free(*rest);
			*rest = both;
			free(target);
		}
	} else if (error == 0) {
		if (n == NULL && S_ISDIR(st.st_mode)) {
			n = node_add(*at, name, strlen(name), st.st_mode);
			node_own(n, &st);
		} else if (n == NULL) {
			n = image_put_file(im, host, host, &st);
		}
		*at = n;
	}
	free(host);
	return error;
}

int image_add_host(struct image *im, const char *path, char **final) {
	struct stat st;
	if (stat(path, &st) != 0)
		return -errno;
	if (im->has_rootfs)
		return add_followed(im, path, &st, final);
	struct node *at = im->root;
	char *rest = text_copy(path);
	int error = 0, steps = 0;
	while (error == 0 && *rest != '\0') {
		size_t length = strcspn(rest, "/");
		char *name = text_copy_n(rest, length);
		char *after = text_copy(rest + length + strspn(rest + length, "/"));
		free(rest);
		rest = after;
		if (++steps > 4096)
			error = -ELOOP;
		else if (strcmp(name, "..") == 0)
			at = at->parent ? at->parent : at;
		else if (*name != '\0' && strcmp(name, ".") != 0)
			error = S_ISDIR(at->mode) ? add_step(im, &at, name, &rest) : -ENOTDIR;
		free(name);
	}
	free(rest);
	if (error == 0 && final != NULL)
		*final = node_path(at);
	return error;
}

static int tree_entry(struct image *im, const char *path, const char *host, const struct tree_walk *walk_by) {
	struct stat st;
	if (lstat(host, &st) != 0)
		return fail(EXIT_TOOL, "cannot read", host, "%s", strerror(errno));
	if (S_ISDIR(st.st_mode))
		return image_add_tree(im, path, host, walk_by);
	if (S_ISSOCK(st.st_mode))
		return 0; // nobody answers at its other end in the VM
	if (S_ISLNK(st.st_mode)) {
		char *target = link_read(host);
		struct node *n = target != NULL ? image_put_link(im, path, target) : NULL;
		free(target);
		if (n == NULL)
			return fail(EXIT_TOOL, "cannot read", host, "%s", strerror(errno));
		node_own(n, &st);
	} else {
		if (S_ISREG(st.st_mode) && access(host, R_OK) != 0)
			return fail(EXIT_TOOL, "cannot read", host, "%s", strerror(errno));
		if (image_put_file(im, path, host, &st) == NULL)
			return fail(EXIT_TOOL, "cannot bring along", host, "%s is no folder in the VM", path);
	}
	return walk_by != NULL && walk_by->each != NULL ? walk_by->each(walk_by->context, host) : 0;
}

int image_add_tree(struct image *im, const char *path, const char *host, const struct tree_walk *walk_by) {
	struct stat st;
	struct dirent **names = NULL;
	int count = stat(host, &st) == 0 ? scandir(host, &names, NULL, alphasort) : -1;
	if (count < 0)
		return fail(EXIT_TOOL, "cannot read", host, "%s", strerror(errno));
	struct node *folder = image_folder(im, path);
	int status =
		folder != NULL ? 0 : fail(EXIT_TOOL, "cannot bring along", host, "%s is no folder in the VM", path);
	if (folder != NULL && folder->parent != NULL) {
		folder->mode = st.st_mode;
		node_own(folder, &st);
	}
	for (int i = 0; i < count; i++) {
		const char *name = names[i]->d_name;
		bool is_left_out = strcmp(name, ".") == 0 || strcmp(name, "..") == 0 ||
				   (walk_by != NULL && walk_by->skip != NULL && walk_by->skip(name));
		if (status == 0 && !is_left_out) {
			char *below = text_format("%s/%s", strcmp(path, "/") ? path : "", name);
			char *from = text_format("%s/%s", strcmp(host, "/") ? host : "", name);
			status = tree_entry(im, below, from, walk_by);
			free(below);
			free(from);
		}
		free(names[i]);
	}
	free(names);
	return status;
}
