#!/bin/sh
# From QEMU's start to the first instruction of the first program, in wall time: start.sh [ROUNDS]
# Three guests in the same microVM, in turns: the floor (a kernel whose first instruction ends QEMU), Furca and Debian's Linux,
# each with a first program whose first instruction asks for a restart, which ends QEMU. Prints minimum and median in ms.
# Environment: FURCA and LINUX name kernels, MEMORY megabytes.
set -eu
rounds=${1:-11}
cd "$(dirname "$0")/.."
FURCA=${FURCA:-build/furca-kernel}
LINUX=${LINUX-$(ls -v /boot/vmlinuz-*-cloud-amd64 /boot/vmlinuz-*-generic 2>/dev/null | tail -n 1)}
out=${BUILD:-build}/bench/start; mkdir -p "$out/root"

# A PVH kernel: without an interrupt table a trap is the end.
cat >"$out/floor.s" <<'S'
	.section .note.pvh, "a"
	.long 4, 4, 18
	.asciz "Xen"
	.long entry
	.text
	.code32
	.globl entry
entry:	lidt none
	int3
	.balign 8
none:	.quad 0
S
# reboot(2): LINUX_REBOOT_CMD_RESTART
cat >"$out/first.s" <<'S'
	.globl _start
_start:	mov $169, %eax
	mov $0xfee1dead, %edi
	mov $672274793, %esi
	mov $0x01234567, %edx
	syscall
	ud2
S
clang --target=i386-linux-gnu -c -o "$out/floor.o" "$out/floor.s"
ld.lld -m elf_i386 -static -e entry -Ttext=0x100000 -o "$out/floor" "$out/floor.o"
clang --target=x86_64-linux-gnu -c -o "$out/first.o" "$out/first.s"
ld.lld -static -o "$out/root/init" "$out/first.o"
(cd "$out/root" && echo init | busybox cpio -o -H newc 2>/dev/null) >"$out/initrd"

# In a microVM Linux finds no clock to measure the time-stamp counter by.
khz=$(awk '/^cpu MHz/ { printf "%d", $4 * 1000; exit }' /proc/cpuinfo)
hundredths() { echo $(($(date +%s%N) / 10000)); }
once() { # name kernel acpi
	begin=$(hundredths)
	timeout 60 qemu-system-x86_64 -M "microvm,acpi=$3,pic=on,pit=on,rtc=on,x-option-roms=off" -accel tcg -cpu max -m "${MEMORY:-512}" \
		-nodefaults -no-user-config -display none -no-reboot -kernel "$2" -initrd "$out/initrd" -append "quiet rdinit=/init panic=-1 reboot=t tsc_early_khz=$khz"
	echo "$1 $(($(hundredths) - begin))"
}
for _ in $(seq "$rounds"); do
	once floor "$out/floor" off
	once furca "$FURCA" off
	[ -z "$LINUX" ] || once linux "$LINUX" on
done | sort -k1,1 -k2,2n | awk '
	{ value[$1, n[$1]++] = $2 }
	END { for (k in n) printf "%-6s minimum %8.2f ms, median %8.2f ms\n", k, value[k, 0] / 100, value[k, int(n[k] / 2)] / 100 }' | sort
