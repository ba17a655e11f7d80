/*
 * fs/inflate.h: gzip decompression of a buffer that is all there, out to a function. Source: RFC 1951, RFC 1952.
 */
#ifndef FS_INFLATE_H
#define FS_INFLATE_H
#include "base/types.h"

/* Takes n bytes of output; used: how much of the input is not needed any more. 0 or -errno, which ends it. */
typedef int (*inflate_out)(void *arg, const u8 *data, size_t n, size_t used);

/* One gzip member at in. 0 with *used set; -EINVAL: broken; -ENOMEM; or what out returned. */
int inflate_gzip(const u8 *in, size_t n, inflate_out out, void *arg, size_t *used);
#endif
