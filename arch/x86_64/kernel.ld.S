/*
 * arch/x86_64/kernel.ld.S: where the kernel lies. Linked 2 GiB below the top of the address space (code model kernel)
 * plus 1 MiB, loaded at physical 1 MiB. Text, read-only data and data begin on pages of their own, so that each can
 * have its own protection. .ksyms is the last thing that is loaded: the symbol table's size, known only after a first
 * link, then moves no address before it. The zeroed data lies before it and takes no room in the file.
 */
#include "layout.h"

OUTPUT_FORMAT(elf64-x86-64)
ENTRY(pvh_entry_physical)

PHDRS {
	text PT_LOAD FLAGS(5);
	rodata PT_LOAD FLAGS(4);
	data PT_LOAD FLAGS(6);
	ksyms PT_LOAD FLAGS(4);
	note PT_NOTE FLAGS(4);
}

SECTIONS {
	. = KERNEL_BASE + KERNEL_PHYS;
	kernel_start = .;
	.text : AT(ADDR(.text) - KERNEL_BASE) {
		*(.text.start)
		*(.text .text.*)
	} :text
	. = ALIGN(4096);
	rodata_start = .;
	.notes : AT(ADDR(.notes) - KERNEL_BASE) { KEEP(*(.note.pvh)) } :rodata :note
	.rodata : AT(ADDR(.rodata) - KERNEL_BASE) {
		*(.rodata .rodata.*)
		. = ALIGN(8);
		extable_start = .;
		KEEP(*(.extable))
		KEEP(*(.extable.rare))
		extable_end = .;
		smap_sites_start = .;
		KEEP(*(.smap_sites))
		smap_sites_end = .;
		. = ALIGN(8);
		__start_slab_types = .;
		KEEP(*(slab_types))
		__stop_slab_types = .;
		. = ALIGN(4096);
		vdso_start = .;
		KEEP(*(.vdso))
		vdso_end = .;
	} :rodata
	. = ALIGN(4096);
	data_start = .;
	.data : AT(ADDR(.data) - KERNEL_BASE) { *(.data .data.*) } :data
	. = ALIGN(4096);
	.bss : AT(ADDR(.bss) - KERNEL_BASE) {
		bss_start = .;
		*(.bss.page .bss.page.*)
		*(.bss .bss.* COMMON)
		. = ALIGN(4096);
		bss_end = .;
	} :data
	.ksyms : AT(ADDR(.ksyms) - KERNEL_BASE) { KEEP(*(.ksyms)) } :ksyms
	. = ALIGN(4096);
	kernel_end = .;
	pvh_entry_physical = ABSOLUTE(pvh_entry - KERNEL_BASE);
	/DISCARD/ : { *(.comment) *(.note.GNU-stack) *(.note.gnu.*) *(.eh_frame) }
}
