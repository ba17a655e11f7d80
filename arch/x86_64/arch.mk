# x86-64: compiler flags, ABI headers, and what is generated before the kernel's own sources are compiled.
ARCH_MULTIARCH := x86_64-linux-gnu
ARCH_FLAGS := --target=x86_64-linux-gnu -m64 -mcmodel=kernel -mno-red-zone -mgeneral-regs-only -fcf-protection=none \
              -fno-asynchronous-unwind-tables -mstack-alignment=8 -momit-leaf-frame-pointer

# The vDSO is a small shared object of its own; vdso_image.S embeds it.
ARCH_GEN := $(KGEN)/vdso.so
VDSO_DIR := arch/x86_64/vdso
VDSO_FLAGS := --target=x86_64-linux-gnu -m64 -std=gnu2x -O2 -fpic -ffreestanding -nostdinc \
              -isystem $(shell $(KCC) -print-resource-dir)/include -isystem $(KUAPI) -I. -Iarch/x86_64 -D__FURCA__ \
              -mgeneral-regs-only -fno-stack-protector -fcf-protection=none -fvisibility=hidden \
              -fasynchronous-unwind-tables -Wall -Wextra -Werror -Wno-unused-parameter

$(KGEN)/vdso.so: $(VDSO_DIR)/vdso.c $(VDSO_DIR)/vdso.lds arch/x86_64/vdso_data.h base/types.h | $(KUAPI)/.made
	@mkdir -p $(KGEN)
	@echo "  VDSO $@"
	@$(KCC) $(VDSO_FLAGS) -c -o $(KGEN)/vdso.o $(VDSO_DIR)/vdso.c
	@$(KLD) -m elf_x86_64 -shared -soname linux-vdso.so.1 --hash-style=both --build-id=sha1 --eh-frame-hdr \
		-Bsymbolic -z max-page-size=4096 -z noseparate-code -T $(VDSO_DIR)/vdso.lds -o $(KGEN)/vdso-full.so $(KGEN)/vdso.o
	@llvm-objcopy --strip-all $(KGEN)/vdso-full.so $@

$(KOBJ)/arch/x86_64/vdso_image.S.o: $(KGEN)/vdso.so
