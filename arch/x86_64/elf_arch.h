/* arch/x86_64/elf_arch.h: what exec must know of this CPU's ELF programs. Source: System V psABI AMD64, Linux. */
#ifndef X86_ELF_ARCH_H
#define X86_ELF_ARCH_H
#include "base/types.h"
#include <linux/audit.h>
#include <linux/elf-em.h>

#define ELF_ARCH_MACHINE EM_X86_64
#define ELF_ARCH_AUDIT AUDIT_ARCH_X86_64		/* which system calls these are, for seccomp and ptrace */
#define ELF_ARCH_CLASS ELFCLASS64
#define ELF_ARCH_DATA ELFDATA2LSB
#define ELF_ARCH_PLATFORM "x86_64"		/* AT_PLATFORM, uname */
#define ELF_ARCH_PLATFORM_32 "i686"		/* uname under PER_LINUX32 */
#define ELF_ARCH_DYN_BASE 0x555555554000UL	/* a PIE with an interpreter; randomisation adds to it */
#define ELF_ARCH_GREGS_BYTES (27 * 8)	/* elf_gregset_t: a thread's general registers in a core file */
#define ELF_ARCH_STACK_TOP 0x7ffffffff000UL	/* end of the initial stack before randomisation */

u64 elf_arch_hwcap(void);	/* AT_HWCAP: CPUID 1, EDX */
u64 elf_arch_hwcap2(void);	/* AT_HWCAP2 */
u64 elf_arch_min_sigstack(void);	/* AT_MINSIGSTKSZ: room for the largest signal frame */
#endif
