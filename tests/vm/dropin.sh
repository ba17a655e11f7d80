#!/bin/sh
# The kernel without the tool, as a drop-in for Linux's: QEMU's -kernel -initrd -append, the initramfs's /init as process 1
# with its streams on the 16550 console. FURCA_KERNEL=FILE: the same on another kernel.
. "$(dirname "$0")/lib.sh"
KERNEL=${FURCA_KERNEL:-$TOP/build/furca-kernel}
cd "$SCRATCH" || exit 1

cat > init.c <<'X'
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <unistd.h>
int main(int argc, char **argv, char **envp)
{
	char line[4096] = "";
	struct stat st;
	printf("init %s pid %d\n", argv[0], getpid());
	printf("cpus %ld\n", sysconf(_SC_NPROCESSORS_ONLN));
	for (int i = 1; i < argc; i++)
		printf("arg <%s>\n", argv[i]);
	for (; *envp; envp++)
		printf("env <%s>\n", *envp);
	mkdir("/proc", 0755);
	mount("proc", "/proc", "proc", 0, 0);
	FILE *f = fopen("/proc/cmdline", "r");
	if (f && fgets(line, sizeof line, f))
		printf("cmdline <%s>\n", strtok(line, "\n"));
	if (stat("/big", &st) == 0)
		printf("big %ld\n", (long)st.st_size);
	if (read(0, line, sizeof line) > 0)
		printf("typed <%s>\n", strtok(line, "\n"));
	fflush(stdout);
	reboot(RB_POWER_OFF);
	reboot(RB_AUTOBOOT);
	return 1;
}
X
gcc -static -O1 -o init init.c || { not_ok "drop-in: building its init"; finish; }
mkdir -p root/dev root/proc && cp init root/init && cp init root/other
[ "$(id -u)" = 0 ] && mknod root/dev/console c 5 1 2> /dev/null
pack() { (cd root && find . | busybox cpio -o -H newc 2> /dev/null) > "$1"; }
pack plain.cpio; gzip -k -c plain.cpio > packed.cpio.gz

# boot SECONDS MACHINE CPU MEMORY INITRD APPEND: the console's output, without CR; a line is typed once init is there
mkfifo keyboard; exec 3<> keyboard
boot() {
	case $2 in microvm) machine="microvm,acpi=off" ;; *) machine=$2 ;; esac
	(sleep 3; echo "a typed line" >&3) &
	timeout "$1" qemu-system-x86_64 -M "$machine" -accel tcg -cpu "$3" -m "$4" -smp "${SMP:-1}" -nodefaults -no-user-config -display none \
		-no-reboot -serial stdio -kernel "$KERNEL" -initrd "$5" -append "$6" < keyboard 2>&1 | tr -d '\r'
	wait
}
line() { printf '%s\n' "$1" | grep -c -x -F "$2"; }

# The other CPUs are found by ACPI's tables, or without them.
for machine in microvm microvm,acpi=on q35; do
	[ -n "${FURCA_KERNEL:-}" ] && [ $machine != q35 ] && continue
	out=$(SMP=3 boot 40 $machine max,la57=off 128 plain.cpio "console=ttyS0 quiet")
	same "drop-in: $machine: three CPUs" 1 "$(line "$out" 'cpus 3')"
	out=$(SMP=3 boot 40 $machine max,la57=off 128 plain.cpio "console=ttyS0 quiet maxcpus=2")
	same "drop-in: $machine: two of three CPUs" 1 "$(line "$out" 'cpus 2')"
done

for machine in microvm q35; do
	[ -n "${FURCA_KERNEL:-}" ] && [ $machine = microvm ] && continue
	for cpu in qemu64,+rdrand max,la57=off; do
		out=$(boot 40 $machine $cpu 128 plain.cpio "console=ttyS0 quiet word name=value some.param=1 -- one 'two"); name="drop-in: $machine, $cpu"
		same "$name: process 1" 1 "$(line "$out" 'init /init pid 1')"
		same "$name: words after --" 1 "$(line "$out" 'arg <one>')"
		same "$name: an unknown word is an argument" 1 "$(line "$out" 'arg <word>')"
		same "$name: an unknown name=value is a variable" 1 "$(line "$out" 'env <name=value>')"
		same "$name: a dotted word is neither" 0 "$(printf '%s\n' "$out" | grep -c '<some')"
		same "$name: Linux's two variables" 2 "$(printf '%s\n' "$out" | grep -c -x -e 'env <HOME=/>' -e 'env <TERM=linux>')"
		holds "$name: /proc/cmdline" "cmdline <console=ttyS0 quiet word name=value some.param=1 -- one" "$out"
		same "$name: the console's input" 1 "$(line "$out" 'typed <a typed line>')"
	done
done
out=$(boot 40 q35 max,la57=off 128 packed.cpio.gz "console=ttyS0 quiet rdinit=/other")
same "drop-in: gzip and rdinit=" 1 "$(line "$out" 'init /other pid 1')"
head -c 300000000 /dev/zero > root/big; pack big.cpio
out=$(boot 100 q35 max,la57=off 1024 big.cpio "console=ttyS0 quiet")
same "drop-in: 300 MB" 1 "$(line "$out" 'big 300000000')"
gzip -1 -c big.cpio > big.cpio.gz
out=$(boot 100 q35 max,la57=off 1024 big.cpio.gz "console=ttyS0 quiet")
same "drop-in: 300 MB, gzip" 1 "$(line "$out" 'big 300000000')"
finish
