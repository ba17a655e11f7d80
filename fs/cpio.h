/*
 * fs/cpio.h: a reader of newc cpio archives that is fed piece by piece and hands out entries, knowing nothing of files.
 * Source: the format's description in cpio(5); Linux's initramfs buffer format.
 */
#ifndef FS_CPIO_H
#define FS_CPIO_H
#include "base/types.h"

#define CPIO_HEADER_BYTES 110
#define CPIO_NAME_MAX 4096

struct cpio_entry {
	u32 ino, mode, uid, gid, nlink, mtime, dev_major, dev_minor, rdev_major, rdev_minor;
	u64 size;		/* of the data */
	const char *name;	/* valid until the entry's end */
};

/* What the archive's user does; each returns 0 or -errno, which ends the reading. */
struct cpio_ops {
	int (*begin)(void *arg, const struct cpio_entry *e);
	int (*data)(void *arg, const u8 *data, size_t n, u64 offset);	/* in order, without gaps */
	int (*end)(void *arg);
	void (*trailer)(void *arg);	/* the archive's end: links do not reach into the next */
};

enum cpio_state { CPIO_GAP, CPIO_HEADER, CPIO_NAME, CPIO_DATA, CPIO_PAD };

struct cpio {
	const struct cpio_ops *ops;
	void *arg;
	enum cpio_state state;
	u64 offset;		/* in the stream: alignment is counted from its start */
	size_t have;		/* bytes collected of a header or name */
	u64 done;		/* of the data */
	struct cpio_entry entry;
	size_t name_bytes;
	char header[CPIO_HEADER_BYTES];
	char name[CPIO_NAME_MAX];
};

void cpio_init(struct cpio *c, const struct cpio_ops *ops, void *arg);
/* Takes n bytes. 0; -EINVAL: not an archive, with *used where it stopped at the beginning of something else (between
 * archives only); or the user's error. */
int cpio_feed(struct cpio *c, const u8 *data, size_t n, size_t *used);
/* At the end of the input: 0, or -EINVAL if it ends inside an entry. */
int cpio_finish(const struct cpio *c);
#endif
