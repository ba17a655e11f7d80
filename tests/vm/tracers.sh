#!/bin/sh
# Debian's strace and gdb, unmodified, in the VM. strace must see the same tree of processes as on Linux; gdb, by its own
# scripts (programs/gdb_*.gdb), must follow a fork both ways and say what it says on the host. Numbers of processes and
# threads, addresses of threads, and the order of what runs at once are taken out.
. "$(dirname "$0")/lib.sh"
here=$(cd "$(dirname "$0")" && pwd)
cp "$here"/programs/forker.c "$here"/programs/reader.c "$here"/programs/gdb_*.gdb "$SCRATCH"; cd "$SCRATCH" || exit 1
PATH=/usr/sbin:/usr/bin:/sbin:/bin; export PATH
FURCA_SECONDS=$((FURCA_SECONDS * 2))

# What each process did, by names in order of appearance: one line an event, the ends that wait reports in order of name.
tree() {
	awk '
	function name(pid) { if (!(pid in names)) names[pid] = sprintf("%c", 65 + count++); return names[pid] }
	/^== / { self = name($2); next }
	/^execve/ { sub(/^execve\("/, ""); sub(/".*/, ""); print self, "execs", $0 }
	/^clone|^fork|^vfork/ { print self, "makes", name($NF) }
	/^wait4.* = [1-9][0-9]*$/ { line = self " waits for " name($NF) ($0 ~ /WEXITSTATUS\(s\) == 0/ ? ": 0" : ""); waits[line] }
	/^exit_group/ { print self, $1 }
	/^\+\+\+/ { print self, "ended with", $4 }
	END { for (w in waits) print w }' | sort -s -k1,1 | awk '/waits/ { w[$4] = $0; next } { print } END { for (c in w) print w[c] }' | sort
}

if command -v strace > /dev/null; then
	with="--with /bin/bash --with /bin/cat --with /bin/sh"
	# shellcheck disable=SC2016
	log=$(furca $with --with /usr/bin/strace sh -c 'strace -ff -o /tmp/t -e trace=clone,fork,vfork,execve,wait4,exit_group -e signal=none \
		/bin/bash -c "(echo a; echo b) | cat"; for f in /tmp/t.*; do echo "== ${f##*.}"; cat "$f"; done')
	same "strace -f: the output" "a b" "$(echo "$log" | sed '/^==/,$d' | tr '\n' ' ' | sed 's/ $//')"
	same "strace -f: the tree" "A ended with 0
A execs /bin/bash
A exit_group(0)
A makes B
A makes C
A waits for B: 0
A waits for C: 0
B ended with 0
B exit_group(0)
C ended with 0
C execs /usr/bin/cat
C exit_group(0)" "$(echo "$log" | sed -n '/^==/,$p' | tree)"
	holds "strace -f: in one stream" "attached" "$(furca $with strace -f -e trace=none /bin/bash -c '(echo a; echo b) | cat' 2>&1)"
	same "strace -c: counts" "1" "$(furca --with /bin/true strace -c true 2>&1 | awk '$NF == "execve" { print $(NF - 1) }')"
	holds "strace -p is refused without a process" "No such process" "$(furca strace -p 4000000 2>&1)"
	holds "strace: a killing signal" "+++ killed by SIGTERM +++" "$(furca --with /bin/sh strace -e trace=none sh -c 'kill $$' 2>&1)"
	holds "strace: injected errors" "EACCES" "$(furca --with /bin/cat strace -e inject=openat:error=EACCES:when=1 cat /none 2>&1)"
fi

# Numbers become N. What only says where the C library's own parts lie goes, and so does gdb's talk of threads that come and go
# while it looks elsewhere, in the middle of which the child may write its line.
plain() {
	sed -E -e 's/0x7[0-9a-f]{8,}/ADDR/g' -e 's/(process|LWP|inferior [0-9]+ \[process) [0-9]+/\1 N/g' -e "s|$SCRATCH/||g" \
		-e 's/ +/ /g; s/ $//' -e '/libthread_db|^warning|^furca: not in the VM/d' -e '/^\[?(New Thread|New process|Thread) .*(\(LWP N\)|process N|exited)\]$/d' -e 's/^\[.*child 42/child 42/' -e '/^\[New process N\]$|^\]$/d' -e '/^[^[]*(exited|\(LWP N\)|process N)\]$/d'
}

if command -v gdb > /dev/null && gcc -g -O0 -pthread -o forker forker.c; then
	with="-m 1024 --with /bin/sh --with /bin/true --with forker --with forker.c"
	for f in /usr/share/gdb /usr/lib/python3.11 /usr/lib/x86_64-linux-gnu/gconv /usr/lib/x86_64-linux-gnu/libthread_db.so.1; do
		[ -e "$f" ] && with="$with --with $f"
	done
	# A process that waits in read(2): its own functions are called, and the read goes on afterwards.
	gcc -g -O0 -o reader reader.c && cat > attach.sh <<'EOF'
mkfifo /tmp/bytes
./reader < /tmp/bytes &
exec 3> /tmp/bytes
until pid=$(pidof reader); do sleep 0.1; done
sleep 1
gdb -nx -batch -p "$pid" -ex 'set debug-file-directory /none' -ex 'call bump(5)' -ex 'call bump(6)' -ex 'p $rax' -ex detach
echo x >&3
exec 3>&-
wait
EOF
	log=$(furca $with --with /usr/bin/gdb --with reader --with reader.c --with attach.sh --with /usr/bin/mkfifo --with /bin/pidof --with /bin/sleep sh attach.sh 2>&1)
	holds "gdb -p: functions are called in an interrupted read" '$2 = 11' "$log"
	holds "gdb -p: the read was interrupted" '$3 = -512' "$log"
	holds "gdb -p: and goes on" "read 1, calls 11" "$log"
	for which in child parent both catch; do
		script=gdb_$which.gdb
		timeout 60 gdb -nx -batch -x "$script" ./forker 2>&1 < /dev/null | plain > host
		furca $with --with "$script" gdb -nx -batch -x "$script" ./forker 2>&1 < /dev/null | plain > vm
		holds "gdb: $script runs to its end" "child 42, program 0, shared 17" "$(cat vm)"
		sort host > host.sorted; sort vm > vm.sorted
		if cmp -s host.sorted vm.sorted; then ok "gdb: $script says what it says on the host"; else
			not_ok "gdb: $script says what it says on the host"; diff host vm | sed 's/^/# /' | head -n 40; fi
	done
fi
finish
