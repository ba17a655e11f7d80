# Everything here prints the same on the host: pipelines, jobs, substitutions, here-documents, traps, redirections.
echo "pipeline: $(printf 'c\na\nb\n' | sort | tr '\n' ' ')"
echo "long pipeline: $(seq 1 1000 | cat | cat | cat | cat | cat | cat | tail -1)"
echo "status of the last: $(false | true; echo $?) $(true | false; echo $?)"
x=$(echo one; echo two >&2) 2>/dev/null; echo "substitution: $x"
echo "nested: $(echo $(echo $(echo deep)))"
cat <<EOF
here-document: $x $((6 * 7))
EOF
cat <<'EOF'
here-document, quoted: $x
EOF
sleep 0 & a=$!; (exit 5) & b=$!
wait $a; echo "wait: $?"; wait $b; echo "wait: $?"
i=0; while [ $i -lt 20 ]; do (exit $i) & i=$((i + 1)); done; wait; echo "twenty in the background"
trap 'echo "trap: USR1"' USR1; kill -USR1 $$; trap - USR1
(trap 'echo "trap: EXIT"' EXIT; exit 3); echo "subshell: $?"
sh -c 'kill -TERM $$'; echo "killed: $?"
sh -c 'trap "" PIPE; yes 2>/dev/null | head -1'
(echo to-stderr >&2) 2>&1 | sed 's/^/merged: /'
{ echo a; echo b; } > /tmp/furca-test.$$; while read -r l; do echo "read: $l"; done < /tmp/furca-test.$$; rm /tmp/furca-test.$$
f() { echo "function: $1"; return 4; }; f arg; echo "returned: $?"
set -- 1 2 3; echo "args: $# $*"; shift; echo "shifted: $*"
case $(echo abc) in a*) echo "case: yes" ;; esac
mkdir -p /tmp/furca-dir.$$/x && cd /tmp/furca-dir.$$ && touch a b c && echo "glob: *" && echo * && cd / && rm -r /tmp/furca-dir.$$
exec 3> /tmp/furca-fd.$$; echo through-three >&3; exec 3>&-; cat /tmp/furca-fd.$$; rm /tmp/furca-fd.$$
n=0; for w in $(seq 1 50); do n=$((n + $(echo $w))); done; echo "fifty substitutions: $n"
(sleep 5 & kill $!; wait $!; echo "killed job: $?") 2>/dev/null
ulimit -n 64; echo "ulimit: $(ulimit -n)"
umask 027; echo "umask: $(umask)"
cat /proc/self/comm /proc/sys/kernel/ostype; echo done
