#!/bin/sh
# Totals that users feel, in wall time: the same programs of Debian's on Linux as it comes, Linux lean, and Furca, in the same
# QEMU with the same files in memory; writes bench/programs.md. Takes some minutes; wall times want a quiet machine.
#   bench/programs.sh [MEASURE...]        loop make pgbench redis pool (then only the raw numbers are printed)
#   KERNELS="furca linux lean"  CPUS=2  MEMORY=4G
# Needs gcc, postgresql and redis-server: tools/setup.sh more.
set -eu
cd "$(dirname "$0")/.."
KERNELS=${KERNELS:-linux lean furca} CPUS=${CPUS:-2} MEMORY=${MEMORY:-4G}
LINUX=${LINUX:-$(ls -v /boot/vmlinuz-*-cloud-amd64 /boot/vmlinuz-*-generic 2>/dev/null | tail -n 1)}
LEAN="mitigations=off init_on_alloc=0 audit=0 lsm= apparmor=0 cgroup_disable=memory psi=0 randomize_kstack_offset=off"
out=build/programs tree=build/programs/tree
PG=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n 1)

bring() { # FILE...: with its libraries
	for file; do
		mkdir -p "$tree$(dirname "$file")"
		cp -L "$file" "$tree$file"
		ldd "$file" 2>/dev/null | grep -o '/[^ ]*' | while read -r library; do
			[ -e "$tree$library" ] || { mkdir -p "$tree$(dirname "$library")"; cp -L "$library" "$tree$library"; }
		done
	done
}

tools() {
	for name in bash sh true make gcc as ld redis-server redis-cli redis-benchmark python3 awk cut tr tail head seq sleep chroot \
		chown chmod mkdir rm cat grep sort date env; do
		file=$(command -v "$name" || echo "/usr/sbin/$name")	# some are built into the shell
		case $file in /*) ;; *) file=/usr/bin/$name ;; esac
		bring "$file"
	done
	mkdir -p "$tree/bin" "$tree/root" "$tree/tmp" "$tree/etc" "$tree/work"
	for name in bash sh true rm cat; do cp -L "/usr/bin/$name" "$tree/bin/$name"; done
	printf 'root:x:0:0::/root:/bin/bash\npostgres:x:999:999::/work:/bin/bash\n' > "$tree/etc/passwd"
	printf 'root:x:0:\npostgres:x:999:\n' > "$tree/etc/group"
}

compiler() {
	for name in cc1 collect2 liblto_plugin.so; do bring "$(gcc -print-file-name=$name)"; done
	for name in crtbegin.o crtend.o crtbeginS.o crtendS.o libgcc.a libgcc_s.so.1 crt1.o Scrt1.o crti.o crtn.o libc.so libc.so.6 \
		libc_nonshared.a ld-linux-x86-64.so.2; do
		file=$(gcc -print-file-name=$name)
		mkdir -p "$tree$(dirname "$file")"; cp -L "$file" "$tree$file"
	done
	printf 'GROUP ( libgcc.a libgcc_s.so.1 )\n' > "$tree$(dirname "$(gcc -print-file-name=libgcc.a)")/libgcc_s.so"
	cp -rL "$(gcc -print-file-name=include)" "$tree$(dirname "$(gcc -print-file-name=libgcc.a)")/"
	for name in stdio.h stdlib.h string.h strings.h stdint.h errno.h features.h features-time64.h stdc-predef.h alloca.h endian.h; do
		mkdir -p "$tree/usr/include"; cp -L /usr/include/$name "$tree/usr/include/" 2>/dev/null || true
	done
	mkdir -p "$tree/usr/include/x86_64-linux-gnu"
	for name in bits gnu sys asm; do cp -rL "/usr/include/x86_64-linux-gnu/$name" "$tree/usr/include/x86_64-linux-gnu/"; done
	cp -rL /usr/include/linux /usr/include/asm-generic "$tree/usr/include/"
}

# Twelve files of some functions each, and a program that adds their results.
project() {
	mkdir -p "$tree/work/project"
	for i in $(seq 12); do
		{
			printf '#include <stdio.h>\n#include <stdlib.h>\n#include <string.h>\n'
			for j in $(seq 20); do
				printf 'static int step%s(int n)\n{\n\tchar text[64];\n\tsnprintf(text, sizeof text, "%%d", n);\n' "$j"
				printf '\tfor (size_t i = 0; i < strlen(text); i++)\n\t\tn += text[i] %% %s;\n\treturn atoi(text) == n ? n : n + %s;\n}\n' "$((j + 1))" "$j"
			done
			printf 'int part%s(void)\n{\n\tvolatile int n = 0;\n' "$i"
			for j in $(seq 20); do printf '\tif (n < 0)\n\t\tn = step%s(n);\n' "$j"; done
			printf '\treturn n + %s;\n}\n' "$((i - 1))"
		} > "$tree/work/project/part$i.c"
	done
	{
		printf '#include <stdio.h>\n'
		for i in $(seq 12); do printf 'int part%s(void);\n' "$i"; done
		printf 'int main(void)\n{\n\tint sum = 0;\n'
		for i in $(seq 12); do printf '\tsum += part%s();\n' "$i"; done
		printf '\tprintf("%%d\\n", sum);\n\treturn 0;\n}\n'
	} > "$tree/work/project/main.c"
	cat > "$tree/work/project/Makefile" <<'END'
OBJECTS := $(patsubst %.c,%.o,$(wildcard *.c))
program: $(OBJECTS)
	gcc -o $@ $^
%.o: %.c
	gcc -O1 -c -o $@ $<
clean:
	rm -f program *.o
END
}

python_files() {
	bring /usr/bin/python3
	version=$(python3 -c 'import sys; print("python%d.%d" % sys.version_info[:2])')
	mkdir -p "$tree/usr/lib/$version"
	(cd "/usr/lib/$version" && find . -name test -prune -o -name 'config-*' -prune -o -type f ! -name '*.pyc' -print | cpio -pdL --quiet "$TOP/$tree/usr/lib/$version" 2>/dev/null) ||
		cp -rL "/usr/lib/$version" "$tree/usr/lib/"
	for file in "/usr/lib/$version"/lib-dynload/*.so; do bring "$file"; done
}

# The cluster is made here, as another user than root, since postgres refuses root: once, and taken again.
database() {
	for name in postgres psql pgbench; do bring "$PG/$name"; done
	mkdir -p "$tree$(dirname "$PG")/lib" "$tree/usr/share/postgresql"
	cp -rL "$(dirname "$PG")/lib/." "$tree$(dirname "$PG")/lib/"
	rm -rf "$tree$(dirname "$PG")/lib/bitcode" "$tree$(dirname "$PG")/lib"/llvmjit*
	cp -rL /usr/share/postgresql/. "$tree/usr/share/postgresql/"
	if [ ! -d "$out/data" ]; then
		scratch=$(mktemp -d); chmod 777 "$scratch"
		user="setpriv --reuid=65534 --regid=65534 --clear-groups"
		$user "$PG/initdb" -D "$scratch/data" -U postgres -A trust --no-sync --locale=C -E UTF8 >/dev/null
		$user "$PG/pg_ctl" -D "$scratch/data" -w -l "$scratch/log" -o "-c listen_addresses= -c unix_socket_directories=$scratch -c fsync=off" start >/dev/null
		$user "$PG/pgbench" -h "$scratch" -U postgres -i -q -s 2 postgres >/dev/null 2>&1
		$user "$PG/pg_ctl" -D "$scratch/data" -w stop >/dev/null
		cp -r "$scratch/data" "$out/data"; rm -rf "$scratch"
	fi
	cp -r "$out/data" "$tree/work/data"
	mkdir -p "$tree/usr/share/zoneinfo"
	cp -rL /usr/share/zoneinfo/UTC /usr/share/zoneinfo/Etc "$tree/usr/share/zoneinfo/"
}

TOP=$(pwd)
rm -rf "$tree"; mkdir -p "$tree"
tools; compiler; project; python_files; database
cp bench/programs/inside.sh bench/programs/pool.py "$tree/work/"

status=0
for kernel in $KERNELS; do
	options="" words=""
	[ "$kernel" = furca ] || options="--kernel $LINUX"
	[ "$kernel" = lean ] && words=$LEAN
	# shellcheck disable=SC2086
	timeout "${LIMIT:-900}" build/furca run -m "$MEMORY" --cpus "$CPUS" $options ${words:+--append "$words"} --rootfs "$tree" -w /work \
		/bin/bash /work/inside.sh "$@" </dev/null >"$out/$kernel.log" 2>&1 || true
	sed -n 's/^measured //p' "$out/$kernel.log" > "$out/$kernel.txt"
	grep -q '^end' "$out/$kernel.txt" || { echo "programs.sh: $kernel did not come to its end:" >&2; tail -n 8 "$out/$kernel.log" >&2; status=1; }
	grep '^failed' "$out/$kernel.log" >&2 && status=1
	[ $# -gt 0 ] && sed "s/^/$kernel /" "$out/$kernel.txt"
done
[ $# -gt 0 ] && exit $status
CPUS=$CPUS MEMORY=$MEMORY sh bench/programs/report.sh "$out" > bench/programs.md
cat bench/programs.md
exit $status
