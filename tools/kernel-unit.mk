# The kernel's unit tests: x_test.c beside x.c, each a program on arch/host (a Linux process as the CPU), built with
# ASan and UBSan. One line a test: $(eval $(call UNIT,NAME,SOURCES)). arch/host and base/refcount.c are always added.
#   unit-test        builds and runs all; T=NAME runs one; SEED=n another random sequence

BUILD      ?= build
CC_HOST    ?= clang
UNIT_OUT   := $(BUILD)/unit
UNIT_FLAGS := -std=gnu2x -g -O1 -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all \
              -fno-strict-aliasing -fwrapv -fno-common -I. -Iarch/host -I$(UNIT_OUT)/gen -DFURCA_DEBUG=1 -MMD -MP \
              -Wall -Wextra -Werror -Wno-unused-parameter -Wno-sign-compare -Wno-missing-field-initializers
UNIT_BASE  := $(wildcard arch/host/*.c) base/refcount.c
UNIT_NAMES :=

define UNIT
UNIT_NAMES += $(1)
$(UNIT_OUT)/$(1): $$(patsubst %.c,$(UNIT_OUT)/obj/%.o,$(2) $(UNIT_BASE))
	@$$(CC_HOST) $(UNIT_FLAGS) -o $$@ $$^ -pthread
endef

$(eval $(call UNIT,buddy,mm/buddy_test.c mm/page.c mm/buddy.c))
$(eval $(call UNIT,slab,mm/slab_test.c mm/slab.c mm/kmalloc.c mm/page.c mm/buddy.c))
$(eval $(call UNIT,kstack,mm/kstack_test.c mm/kstack.c mm/slab.c mm/page.c mm/buddy.c))
$(eval $(call UNIT,vma,mm/vma_test.c mm/vma.c mm/vma_path.c mm/vma_summary.c mm/vma_edit.c mm/slab.c mm/kmalloc.c mm/page.c mm/buddy.c))
$(eval $(call UNIT,region,mm/region_test.c mm/region.c mm/vma.c mm/vma_path.c mm/vma_summary.c mm/vma_edit.c mm/slab.c mm/kmalloc.c mm/page.c mm/buddy.c))
$(eval $(call UNIT,mapping,mm/mapping_test.c mm/mapping.c mm/mapping_index.c mm/mapping_io.c mm/truncate.c \
  mm/file_users.c mm/vma.c mm/vma_path.c mm/vma_summary.c mm/vma_edit.c mm/pagetable.c mm/pagetable_range.c mm/pagetable_check.c mm/table.c mm/tlb.c \
  mm/cow.c mm/slab.c mm/kmalloc.c mm/page.c mm/buddy.c))

$(eval $(call UNIT,refcount,base/refcount_test.c mm/page.c mm/buddy.c))
$(eval $(call UNIT,pid,pid/pid_test.c pid/pid.c mm/slab.c mm/kmalloc.c mm/page.c mm/buddy.c))
$(eval $(call UNIT,ldisc,fs/tty/ldisc_test.c fs/tty/ldisc.c fs/tty/ldisc_echo.c mm/page.c mm/buddy.c))
$(eval $(call UNIT,chacha20,drivers/chacha20_test.c drivers/chacha20.c mm/page.c mm/buddy.c))
$(eval $(call UNIT,virtqueue,drivers/virtio/virtqueue_test.c drivers/virtio/virtqueue.c mm/slab.c mm/kmalloc.c mm/page.c mm/buddy.c))
$(eval $(call UNIT,pagetable,mm/pagetable_test.c mm/pagetable.c mm/pagetable_range.c mm/pagetable_check.c mm/table.c \
  mm/tlb.c mm/cow.c mm/page.c mm/buddy.c))
$(eval $(call UNIT,pagetable_race,mm/pagetable_race_test.c mm/pagetable.c mm/pagetable_range.c mm/pagetable_check.c \
  mm/table.c mm/tlb.c mm/cow.c mm/page.c mm/buddy.c))
$(eval $(call UNIT,recount,mm/recount_test.c mm/recount.c mm/pagetable.c mm/pagetable_range.c mm/table.c mm/tlb.c mm/cow.c mm/page.c mm/buddy.c))
$(eval $(call UNIT,mm,mm/mm_test.c mm/mm.c mm/fork.c mm/attached.c mm/fault.c mm/foreign.c mm/cow.c mm/pagetable.c mm/pagetable_range.c \
  mm/pagetable_check.c mm/table.c mm/tlb.c mm/vma.c mm/vma_path.c mm/vma_summary.c mm/vma_edit.c mm/file_users.c mm/mapping.c mm/mapping_index.c \
  mm/mapping_io.c mm/truncate.c mm/commit.c mm/region.c mm/slab.c mm/kmalloc.c mm/page.c mm/buddy.c))

$(eval $(call UNIT,calls,mm/calls_test.c mm/mmap.c mm/munmap.c mm/place.c mm/populate.c mm/protect.c mm/mremap.c mm/madvise.c \
  mm/mlock.c mm/msync.c mm/mincore.c mm/brk.c mm/mm.c mm/fork.c mm/attached.c mm/fault.c mm/cow.c mm/pagetable.c mm/pagetable_range.c \
  mm/pagetable_check.c mm/table.c mm/tlb.c mm/vma.c mm/vma_path.c mm/vma_summary.c mm/vma_edit.c mm/file_users.c mm/mapping.c mm/mapping_index.c \
  mm/mapping_io.c mm/truncate.c mm/commit.c mm/region.c mm/slab.c mm/kmalloc.c mm/page.c mm/buddy.c))

$(eval $(call UNIT,rbtree,base/rbtree_test.c base/rbtree.c mm/page.c mm/buddy.c))
$(eval $(call UNIT,format,base/format_test.c mm/page.c mm/buddy.c))
$(eval $(call UNIT,string,base/string_test.c mm/page.c mm/buddy.c))
$(eval $(call UNIT,printk,base/printk_test.c base/format.c mm/page.c mm/buddy.c))

$(eval $(call UNIT,bpf,seccomp/bpf_test.c seccomp/bpf.c mm/page.c mm/buddy.c))

$(eval $(call UNIT,timer,time/timer_test.c time/timer.c base/rbtree.c mm/page.c mm/buddy.c))
$(eval $(call UNIT,fair,sched/fair_test.c sched/fair.c sched/rt.c base/rbtree.c mm/page.c mm/buddy.c))

$(eval $(call UNIT,inflate,fs/inflate_test.c fs/inflate.c mm/slab.c mm/kmalloc.c mm/page.c mm/buddy.c))
$(eval $(call UNIT,dentry,fs/dentry_test.c fs/dentry.c mm/slab.c mm/kmalloc.c mm/page.c mm/buddy.c))
$(eval $(call UNIT,cpio,fs/cpio_test.c fs/cpio.c mm/page.c mm/buddy.c))
$(eval $(call UNIT,files,fs/files_test.c fs/files.c fs/files_exec.c fs/fd_table.c mm/slab.c mm/kmalloc.c mm/page.c mm/buddy.c))
$(eval $(call UNIT,pipe_ring,fs/pipe_ring_test.c fs/pipe_ring.c fs/iter.c mm/slab.c mm/kmalloc.c mm/page.c mm/buddy.c))

$(UNIT_OUT)/gen/syscalls.h: syscall/syscalls.tbl tools/gen_syscalls.sh
	@mkdir -p $(@D)
	@sh tools/gen_syscalls.sh x86_64 $(@D)

$(UNIT_OUT)/obj/%.o: %.c | $(UNIT_OUT)/gen/syscalls.h
	@mkdir -p $(@D)
	@$(CC_HOST) $(UNIT_FLAGS) -c -o $@ $<

.PHONY: unit-test
unit-test: $(addprefix $(UNIT_OUT)/,$(if $(T),$(T),$(UNIT_NAMES)))
	@pass=0; fail=0; for t in $(if $(T),$(T),$(UNIT_NAMES)); do \
		if timeout 300 $(UNIT_OUT)/$$t > $(UNIT_OUT)/$$t.log 2>&1; then echo "ok $$t"; pass=$$((pass+1)); \
		else echo "not ok $$t"; cat $(UNIT_OUT)/$$t.log; fail=$$((fail+1)); fi; done; \
	echo "$$pass passed, $$fail failed"; test $$fail = 0

-include $(shell find $(UNIT_OUT)/obj -name '*.d' 2>/dev/null)
