/*
 * mm/user_access.h: the only way to user memory. May sleep (a page fault); never under a spinlock.
 * Results: 0 or -EFAULT unless said otherwise.
 */
#ifndef MM_USER_ACCESS_H
#define MM_USER_ACCESS_H
#include "base/types.h"

bool user_range_ok(uptr addr, size_t n);	/* the range lies in user space */
int __must_check copy_from_user(void *dst, uptr src, size_t n);
int __must_check copy_to_user(uptr dst, const void *src, size_t n);
int __must_check clear_user(uptr dst, size_t n);
/* As above but say how much was done before a fault: bytes copied. */
size_t copy_from_user_partial(void *dst, uptr src, size_t n);
size_t copy_to_user_partial(uptr dst, const void *src, size_t n);
/* Length (without NUL); -EFAULT; -ENAMETOOLONG when there is no NUL within size bytes. */
ssize_t __must_check strncpy_from_user(char *dst, uptr src, size_t size);
/* A struct that grows over time (clone3, openat2…): the user's usize bytes into ksize bytes at dst, the rest zero.
 * -E2BIG: the user's struct has non-zero bytes beyond what we know; -EFAULT. */
int __must_check copy_struct_from_user(void *dst, size_t ksize, uptr src, size_t usize);

static inline int __must_check get_user_u32(u32 *v, uptr a) { return copy_from_user(v, a, 4); }
static inline int __must_check get_user_u64(u64 *v, uptr a) { return copy_from_user(v, a, 8); }
static inline int __must_check put_user_u32(u32 v, uptr a) { return copy_to_user(a, &v, 4); }
static inline int __must_check put_user_u64(u64 v, uptr a) { return copy_to_user(a, &v, 8); }
#endif
