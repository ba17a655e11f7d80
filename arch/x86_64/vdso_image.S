/* arch/x86_64/vdso_image.S: the vDSO as built from vdso/, on pages of its own; vdso_map.c gives them to programs. */
	.section .vdso, "a"
	.balign 4096
	.incbin "vdso.so"
	.balign 4096
