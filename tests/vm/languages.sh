#!/bin/sh
# Bigger programs: bash's harder corners, Python, Perl, Git, SQLite, make with gcc, su, vi and less. What is not installed on the
# host is left out.
. "$(dirname "$0")/lib.sh"
here=$(cd "$(dirname "$0")" && pwd)
cp "$here"/programs/* "$SCRATCH"; cd "$SCRATCH" || exit 1
PATH=/usr/sbin:/usr/bin:/sbin:/bin; export PATH

has() { command -v "$1" > /dev/null; }
# with NAME...: options that bring these programs or files, if they exist
with() {
	for t; do
		case $t in /*) ;; *) t=$(env which "$t" 2> /dev/null) ;; esac
		[ -e "$t" ] && printf ' --with %s' "$t"
	done
}

WITH="--with torture.sh $(with sh true diff cat seq sleep timeout xargs sort md5sum mktemp mkdir touch find basename rm ln chmod tar gzip \
	gunzip cmp readlink stat ls cp head tr wc awk gawk yes mkfifo nohup echo setsid nice stdbuf tee flock ps kill env \
	/usr/libexec/coreutils/libstdbuf.so)"
same_as_host "bash torture" bash torture.sh
if [ -x /usr/bin/python3 ]; then
	WITH="--with python.py $(with sh cat echo)"
	same_as_host "Python" /usr/bin/python3 -u python.py
fi
if has perl; then
	WITH="--with perl.pl $(with sh cat echo)"
	same_as_host "Perl" perl perl.pl
fi
if has git; then
	WITH="--with git.sh $(with git /usr/lib/git-core /usr/share/git-core sqlite3 mktemp seq mkdir ls tar rm cat)"
	same_as_host "Git and SQLite" sh git.sh
fi

# A build: four compilers at a time.
gcc_dir=$(dirname "$(gcc -print-libgcc-file-name)") lib=$(dirname "$(gcc -print-file-name=libc.so.6)")
if has make && [ -x "$gcc_dir/cc1" ]; then
	mkdir c
	for i in 1 2 3 4; do printf '#include <stdio.h>\nint f%d(int x) { return x * %d + printf("%%d\\n", x); }\n' $i $i > c/f$i.c; done
	echo 'int f1(int), f2(int), f3(int), f4(int); int main(void) { return f1(1) + f2(2) + f3(3) + f4(4); }' > c/main.c
	printf 'all: main.o f1.o f2.o f3.o f4.o\n\t@gcc -o p $^\n\t@./p\n%%.o: %%.c\n\t@gcc -O1 -c $< -o $@\n' > c/Makefile
	WITH="-m 1G --with c $(with gcc as ld sh "$gcc_dir/cc1" "$gcc_dir/collect2" "$gcc_dir/include" "$gcc_dir/crtbeginS.o" "$gcc_dir/crtendS.o" \
		"$gcc_dir/libgcc.a" "$gcc_dir/libgcc_s.so" "$gcc_dir/liblto_plugin.so" "$gcc_dir/lto-wrapper" "$lib/Scrt1.o" "$lib/crti.o" \
		"$lib/crtn.o" "$lib/libc.so" "$lib/libc.so.6" "$lib/libc_nonshared.a" "$lib/libgcc_s.so.1" /lib64/ld-linux-x86-64.so.2) --with /usr/include"
	FURCA_SECONDS=200 same_as_host "make -j4 with gcc" make -s -C c -j4
fi

# su takes root's rights away for good.
security=$(dirname "$lib/x")/security
if [ "$(id -u)" = 0 ] && [ -e "$security/pam_unix.so" ]; then
	out=$(furca $(with su sh id cat /etc/pam.d /etc/login.defs "$security" /etc/shadow /etc/security /etc/environment) \
		su nobody -s /bin/sh -c 'id -u; cat /etc/shadow' 2> "$SCRATCH/err" < /dev/null)
	same "programs: su: status" 1 $?
	same "programs: su: who" 65534 "$out"
	holds "programs: su: what it may not" "Permission denied" "$(cat "$SCRATCH/err")"
fi

seq 1 500 > numbers
if has less; then
	typed "programs: less" "status 0 terminal restored" --with numbers less numbers <<'T'
expect 1
sleep 300
send /250\r
expect 250
send G
expect 500
send q
T
fi
if has vi; then
	typed "programs: vi" "status 0 terminal restored" $(with sh cat) --with "$(readlink -f "$(command -v vi)")" $(with vi) \
		sh -c 'vi -u NONE new; cat new' <<'T'
sleep 2500
send itext from vi\e
send :%s/vi/VI/\r
send :wq\r
expect written
expect text from VI
T
fi
finish
