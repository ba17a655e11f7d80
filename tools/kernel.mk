# The kernel: every .c and .S of its folders, but for *_test.c and other CPUs' folders.
# Objects go to build/<arch>[-debug]/; the result is build/furca-kernel (an ELF with a PVH note).

KDIRS := base boot entry syscall seccomp task task/resources pid namespace cgroup mm sched signal ptrace exec sync ipc \
         fs fs/proc fs/dev fs/tmpfs fs/tty net time drivers drivers/virtio debug arch/$(ARCH)
KSRCS := $(sort $(filter-out %_test.c %.ld.S,$(foreach d,$(KDIRS),$(wildcard $(d)/*.c $(d)/*.S))))
STACKS ?= n
KSUFFIX := $(if $(filter y,$(DEBUG)),-debug)$(if $(filter y,$(STACKS)),-stacks)
KOBJ  := $(BUILD)/$(ARCH)$(KSUFFIX)
KGEN  := $(KOBJ)/gen
KUAPI := $(KOBJ)/uapi
KOBJS := $(addprefix $(KOBJ)/,$(addsuffix .o,$(KSRCS)))
KCC   := clang
KLD   := ld.lld

include arch/$(ARCH)/arch.mk

KFLAGS := $(ARCH_FLAGS) -ffreestanding -nostdinc -isystem $(shell $(KCC) -print-resource-dir)/include \
          -isystem $(KUAPI) -I. -Iarch/$(ARCH) -I$(KGEN) -D__FURCA__ -fno-pic -fno-pie -fno-stack-protector \
          -fno-common -fno-strict-aliasing -fno-omit-frame-pointer -fno-delete-null-pointer-checks -fwrapv \
          -O2 -g -MMD -MP
ifeq ($(DEBUG),y)
KFLAGS += -DFURCA_DEBUG=1 -DFURCA_KASAN=1 -DFURCA_STACK_WATCH=1 -DFURCA_RECOUNT=1
# Every load and store asks debug/kasan.c first, but for the allocator's own, which reach into free objects.
KASAN  := -fsanitize=kernel-address -mllvm -asan-instrumentation-with-call-threshold=0 -mllvm -asan-stack=0 -mllvm -asan-globals=0
UBSAN  := -fsanitize=bounds,shift,integer-divide-by-zero,bool,enum,null,vla-bound,unreachable,return,builtin,nonnull-attribute
KCHECK  = $(if $(filter debug/% arch/% boot/%,$(filter-out debug/provoke.c,$<)),,$(UBSAN)) $(if $(filter debug/kasan.c debug/stack_watch.c mm/slab.c mm/pagetable_check.c mm/recount.c boot/% arch/%,$<),,$(KASAN))
else
# Small by default. What is on the way of a process's life (bench/profile.sh tells) is made quick and optimised across files.
KLTO   := -flto=thin
KFAST  := $(addsuffix .c, \
          $(addprefix arch/$(ARCH)/,fpu mmu signal thread time tls trap) \
          $(addprefix base/,rbtree refcount string) \
          $(addprefix drivers/,chacha20) \
          $(addprefix entry/,fault return syscall) \
          $(addprefix exec/,args elf) \
          $(addprefix fs/,access dentry fd_table file files fs_room inode namei open pipe pipe_ring read_write stat walk) \
          $(addprefix fs/tmpfs/,file) \
          $(addprefix mm/,brk buddy commit cow fault file_users foreign fork kmalloc kstack mapping mapping_index  \
                        mapping_io mm mmap munmap page pagetable pagetable_range place protect region slab special table  \
                        tlb user_access vma vma_edit vma_path vma_summary) \
          $(addprefix namespace/,account) \
          $(addprefix pid/,pid) \
          $(addprefix sched/,core fair) \
          $(addprefix signal/,action deliver kill mask notify queue send) \
          $(addprefix sync/,futex futex_calls futex_robust mutex rwlock waitqueue) \
          $(addprefix syscall/,table) \
          $(addprefix task/,clone clone_request exit hooks ids link resources rseq state vfork wait) \
          $(addprefix time/,timer)) task/resources/%
# Small all the same, but what of it every process passes by on its way may be inlined there.
KPASSED := $(addsuffix .c,arch/$(ARCH)/debugreg $(addprefix cgroup/,cgroup freezer tasks) exec/core fs/mount \
          $(addprefix namespace/,namespace time_ns) ptrace/link ptrace/stop seccomp/filter signal/itimer sync/futex_pi \
          $(addprefix task/,group reparent))
# And of the quick files what no operation of `furca bench` comes by, function by function: bench/cold.sh writes the list.
KCOLD   = $(foreach f,$(shell sed -n 's|^$< ||p' tools/cold.list),$(foreach a,cold minsize optsize,-mllvm -force-attribute=$f:$a))
KCHECK  = $(if $(filter $(KFAST),$<),$(KLTO) $(KCOLD),-Oz $(if $(filter $(KPASSED),$<),$(KLTO)))
endif
# STACKS=y: a release kernel that watches how deep its stacks get (debug/stack_watch.h), as the debug kernel does.
ifeq ($(STACKS),y)
KFLAGS += -DFURCA_STACK_WATCH=1
endif
KCFLAGS := $(KFLAGS) -std=gnu2x -Wall -Wextra -Werror -Wvla -Wstrict-prototypes -Wmissing-prototypes \
           -Wno-unused-parameter -Wno-sign-compare -Wno-missing-field-initializers -ffunction-sections -fdata-sections

# No room before loops: what fills it is executed, and costs more than it brings.
# Functions that are alike become one; a panic's trace then tells one of their names.
KLINK := $(KLD) $(if $(KLTO),--thinlto-cache-dir=$(KOBJ)/lto --thinlto-jobs=2 --icf=safe -mllvm -align-loops=1)

.PHONY: kernel
kernel: $(BUILD)/furca-kernel$(KSUFFIX)

# The kernel sees the kernel's own ABI headers (linux/, asm/, asm-generic/) and nothing of the C library.
$(KUAPI)/.made:
	@mkdir -p $(KUAPI)
	@ln -sfn /usr/include/linux $(KUAPI)/linux
	@ln -sfn /usr/include/asm-generic $(KUAPI)/asm-generic
	@ln -sfn /usr/include/$(ARCH_MULTIARCH)/asm $(KUAPI)/asm
	@touch $@

$(KGEN)/syscall_table.h $(KGEN)/syscalls.h &: syscall/syscalls.tbl tools/gen_syscalls.sh
	@mkdir -p $(KGEN)
	sh tools/gen_syscalls.sh $(ARCH) $(KGEN)

KPRE := $(KUAPI)/.made $(KGEN)/syscall_table.h $(KGEN)/syscalls.h $(ARCH_GEN)

$(KOBJ)/%.c.o: %.c | $(KPRE)
	@mkdir -p $(@D)
	@echo "  CC  $<"
	@$(KCC) $(KCFLAGS) $(KCHECK) -c -o $@ $<
$(KOBJ)/%.S.o: %.S | $(KPRE)
	@mkdir -p $(@D)
	@echo "  AS  $<"
	@$(KCC) $(KFLAGS) -D__ASSEMBLER__ -c -o $@ $<

# In the file, as opposed to memory, only what holds pages begins on one (max-page-size).
# Linked twice: the second time with the table of symbols that the panic's call trace reads.
$(KOBJ)/kernel.ld: arch/$(ARCH)/kernel.ld.S | $(KPRE)
	@mkdir -p $(@D)
	@$(KCC) $(KFLAGS) -D__ASSEMBLER__ -E -P -x c -o $@ $<
$(BUILD)/furca-kernel$(KSUFFIX): $(KOBJS) $(KOBJ)/kernel.ld tools/gen_symbols.sh
	@echo "  LD  $@"
	@sh tools/gen_symbols.sh none $(KOBJ)/symbols0.S && $(KCC) $(KFLAGS) -D__ASSEMBLER__ -c -o $(KOBJ)/symbols0.o $(KOBJ)/symbols0.S
	@$(KLINK) -m elf_x86_64 -static --gc-sections -z max-page-size=16 -T $(KOBJ)/kernel.ld -o $(KOBJ)/kernel0.elf $(KOBJS) $(KOBJ)/symbols0.o
	@sh tools/gen_symbols.sh $(KOBJ)/kernel0.elf $(KOBJ)/symbols1.S && $(KCC) $(KFLAGS) -D__ASSEMBLER__ -c -o $(KOBJ)/symbols1.o $(KOBJ)/symbols1.S
	@$(KLINK) -m elf_x86_64 -static --gc-sections -z max-page-size=16 -T $(KOBJ)/kernel.ld -o $(KOBJ)/kernel.elf $(KOBJS) $(KOBJ)/symbols1.o
	@cp $(KOBJ)/kernel.elf $@

-include $(KOBJS:.o=.d)
