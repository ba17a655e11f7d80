/*
 * arch/x86_64/user_word.h: user memory touched word by word, without a call or a copy in between: frames that are laid out
 * on the user's stack, small structs that are asked for often. The range is checked first (user_range_ok), the words stand
 * between user_open() and user_close(), and a fault that cannot be settled goes on at the label given, user memory still
 * open.
 */
#ifndef X86_USER_WORD_H
#define X86_USER_WORD_H
#include "base/errno.h"
#include "debug/lock_debug.h"
#include "mm/user_access.h"

/* As in asm.h. The entries stand behind those of the copies, which are looked for much more often. */
#define USER_SITE(insn) "770: " insn "\n.pushsection .smap_sites, \"a\"\n.quad 770b\n.popsection\n"
#define USER_FIXUP(from, to, fixup) ".pushsection .extable.rare, \"a\"\n.quad " from ", " to ", " fixup "\n.popsection\n"

static inline void user_open(void)
{
	lock_debug_check_user_copy();
	__asm__ volatile(USER_SITE("stac") : : : "memory");
}
static inline void user_close(void) { __asm__ volatile(USER_SITE("clac") : : : "memory"); }

#define user_store(at, value, fault) \
	__asm__ goto("771: movq %1, %0\n772:\n" USER_FIXUP("771b", "772b", "%l2") \
		     : : "m"(*(volatile u64 *)(at)), "er"((u64)(value)) : : fault)
#define user_load(to, at, fault) \
	__asm__ goto("771: movq %1, %0\n772:\n" USER_FIXUP("771b", "772b", "%l2") \
		     : "=r"(to) : "m"(*(const volatile u64 *)(at)) : : fault)
#define user_store32(at, value, fault) \
	__asm__ goto("771: movl %1, %0\n772:\n" USER_FIXUP("771b", "772b", "%l2") \
		     : : "m"(*(volatile u32 *)(at)), "er"((u32)(value)) : : fault)
/* n (a constant) words of the kernel's, and as many zeros. */
#define user_store_words(at, from, n, fault) \
	__asm__ goto("771: .set user_offset, 0\n.rept " #n "\nmovq user_offset(%1), %%rax\nmovq %%rax, user_offset(%0)\n" \
		     ".set user_offset, user_offset + 8\n.endr\n772:\n" USER_FIXUP("771b", "772b", "%l2") \
		     : : "r"(at), "r"(from) : "rax", "memory" : fault)
#define user_store_zeros(at, n, fault) \
	__asm__ goto("771: .set user_offset, 0\n.rept " #n "\nmovq $0, user_offset(%0)\n" \
		     ".set user_offset, user_offset + 8\n.endr\n772:\n" USER_FIXUP("771b", "772b", "%l1") \
		     : : "r"(at) : "memory" : fault)

/* -- for everybody (arch.h): as get_user_u64() and put_user_u64(), without a call -- */
static inline int __must_check arch_user_load64(u64 *v, uptr at)
{
	if (unlikely(!user_range_ok(at, sizeof(*v))))
		return -EFAULT;
	user_open();
	user_load(*v, at, fault);
	user_close();
	return 0;
fault:
	user_close();
	return -EFAULT;
}
static inline int __must_check arch_user_store64(u64 v, uptr at)
{
	if (unlikely(!user_range_ok(at, sizeof(v))))
		return -EFAULT;
	user_open();
	user_store(at, v, fault);
	user_close();
	return 0;
fault:
	user_close();
	return -EFAULT;
}
static inline int __must_check arch_user_store32(u32 v, uptr at)
{
	if (unlikely(!user_range_ok(at, sizeof(v))))
		return -EFAULT;
	user_open();
	user_store32(at, v, fault);
	user_close();
	return 0;
fault:
	user_close();
	return -EFAULT;
}
#endif
