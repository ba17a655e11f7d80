#!/bin/sh
# Bad input gets one clear line: what, which, what to do; and the right exit status.
. "$(dirname "$0")/lib.sh"
cd "$SCRATCH" || exit 1

# bad NAME STATUS TEXT OPTIONS...
bad() {
	name=$1 status=$2 text=$3
	shift 3
	furca "$@" > out 2> err < /dev/null; same "errors: $name: status" "$status" $?
	holds "errors: $name: line" "furca: $text" "$(cat err)"
	same "errors: $name: one line" 1 "$(wc -l < err | tr -d ' ')"
	same "errors: $name: no output" 0 "$(wc -c < out | tr -d ' ')"
}

bad "no such program" 127 "no such program: no-such-program:" no-such-program
bad "no such path" 127 "no such program: ./nope:" ./nope
echo x > plain
bad "not executable" 126 "cannot run it: ./plain:" ./plain
printf '\177ELF\2\1\1\0\0\0\0\0\0\0\0\0\2\0\267\0\1\0\0\0%040d' 0 > arm; chmod +x arm
bad "wrong architecture" 126 "wrong architecture: $SCRATCH/arm: it is for AArch64" ./arm
printf '\001\002\000\003' > binary; chmod +x binary
bad "not a program" 126 "not a program: $SCRATCH/binary" ./binary
printf '#!/nonexistent/interpreter\n' > script; chmod +x script
bad "no interpreter" 127 "missing interpreter: /nonexistent/interpreter" ./script
bad "no such --with" 125 "cannot bring along: nope:" --with nope true
bad "no such rootfs" 125 "cannot read the root file system: nope:" --rootfs nope true
bad "broken rootfs" 125 "cannot read the root file system: plain:" --rootfs plain true
head -c 20000000 /dev/zero > big
bad "image larger than the memory" 125 "image larger than the memory: 2" -m 24 --with big true
bad "unknown option" 125 "unknown option: --nope: usage: furca run" --nope true
bad "a number that is none" 125 "not a value for this option: -m x:" -m x true
bad "no kernel of that name" 125 "cannot read the kernel: nope:" --kernel nope true
bad "not a kernel" 125 "not a kernel: plain:" --kernel plain true
PATH_WAS=$PATH; TIMEOUT=$(command -v timeout); mkdir -p bin; ln -s "$TIMEOUT" bin/timeout
for t in wc cat printf head tr; do ln -s "$(command -v $t)" bin/$t; done
PATH=$SCRATCH/bin; bad "no QEMU" 125 "no QEMU: qemu-system-x86_64:" /bin/true; PATH=$PATH_WAS

furca > out 2> err; same "errors: no program" 125 $?
"$FURCA" > out 2> err; same "errors: no command" 125 $?
"$FURCA" --help > out 2> err; same "errors: --help" 0 $?
holds "errors: --help says how" "usage: furca run" "$(cat out)"
holds "errors: --version" "furca " "$("$FURCA" --version)"
finish
