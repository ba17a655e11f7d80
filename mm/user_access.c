/*
 * mm/user_access.c: copies between kernel and user memory: the range is checked here, the CPU does the copy, and a page
 * fault on the way is settled like the program's own.
 * Locks: none; no spinlock may be held (a fault may sleep). Errors: -EFAULT, and those of the header.
 */
#include "mm/user_access.h"
#include "arch/arch.h"
#include "debug/lock_debug.h"
#include "base/errno.h"

bool user_range_ok(uptr addr, size_t n) { return n <= USER_END && addr <= USER_END - n; }

size_t copy_from_user_partial(void *dst, uptr src, size_t n)
{
	lock_debug_check_user_copy();
	if (unlikely(!user_range_ok(src, n)))
		return 0;
	return n - arch_copy_from_user(dst, src, n);
}

size_t copy_to_user_partial(uptr dst, const void *src, size_t n)
{
	lock_debug_check_user_copy();
	if (unlikely(!user_range_ok(dst, n)))
		return 0;
	return n - arch_copy_to_user(dst, src, n);
}

int copy_from_user(void *dst, uptr src, size_t n)
{
	return likely(copy_from_user_partial(dst, src, n) == n) ? 0 : -EFAULT;
}

int copy_to_user(uptr dst, const void *src, size_t n)
{
	return likely(copy_to_user_partial(dst, src, n) == n) ? 0 : -EFAULT;
}

int clear_user(uptr dst, size_t n)
{
	lock_debug_check_user_copy();
	if (unlikely(!user_range_ok(dst, n)))
		return -EFAULT;
	return arch_clear_user(dst, n) ? -EFAULT : 0;
}

ssize_t strncpy_from_user(char *dst, uptr src, size_t size)
{
	size_t max = size;
	ssize_t n;

	lock_debug_check_user_copy();
	if (unlikely(src >= USER_END))
		return -EFAULT;
	max = MIN(max, USER_END - src);
	n = arch_strncpy_from_user(dst, src, max);
	if (n < 0)
		return -EFAULT;
	if ((size_t)n < max)
		return n;
	return max < size ? -EFAULT : -ENAMETOOLONG;	/* the end of user space, or of the buffer */
}

int copy_struct_from_user(void *dst, size_t ksize, uptr src, size_t usize)
{
	size_t known = MIN(ksize, usize);
	u8 rest[64];

	/* First what we do not know, which must be zero. No piece reaches over a page: what is found before a bad one counts. */
	for (size_t n = known, k; n < usize; n += k) {
		k = MIN(usize - n, sizeof(rest) - (src + n) % sizeof(rest));
		if (copy_from_user(rest, src + n, k))
			return -EFAULT;
		for (size_t i = 0; i < k; i++)
			if (rest[i])
				return -E2BIG;
	}
	if (copy_from_user(dst, src, known))
		return -EFAULT;
	__builtin_memset((u8 *)dst + known, 0, ksize - known);
	return 0;
}
