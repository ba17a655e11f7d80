# For bash: what the small scripts do not reach. The same on the host, run by run.
echo "process substitution: $(diff <(seq 5) <(seq 6)) $(cat <(echo a) <(echo b))"
(sleep 0.4; exit 3) & (sleep 0.1; exit 5) & wait -n; echo "wait -n: $?"; wait -n; echo "wait -n: $?"; wait -n; echo "none: $?"
( ( ( (exit 4); echo "nest: $?"; exit 5 ); echo "nest: $?"; exit 6 ); echo "nest: $?" )
i=0; while [ $i -lt 1000 ]; do (exit 3); i=$((i + 1)); done; echo "a thousand subshells: $?"
i=0; while [ $i -lt 100 ]; do /bin/true; i=$((i + 1)); done; echo "a hundred programs: $?"
timeout 0.3 sleep 5; echo "timeout: $?"; timeout --preserve-status 0.3 sleep 5; echo "timeout: $?"
seq 40 | xargs -P4 -n1 sh -c 'echo $((${0} * 2))' | sort -n | md5sum; seq 3 | xargs -I{} sh -c 'exit {}'; echo "xargs: $?"
d=$(mktemp -d); mkdir -p $d/e/f; touch $d/a $d/e/b $d/e/f/c
find $d -type f -exec basename {} \; | sort; find $d -name b -delete; find $d -type f | wc -l
seq 1000 > $d/x; ln -s x $d/l; chmod 640 $d/x; tar cf - -C $d x l | gzip -9 > $d.tgz; mkdir $d/o; gunzip < $d.tgz | tar xf - -C $d/o
cmp $d/x $d/o/x && readlink $d/o/l; stat -c %a $d/o/x; ls -l $d/o/x > /dev/null; echo "ls -l: $?"; cp -a $d/o $d/p; echo "cp -a: $?"
rm -r $d $d.tgz
head -c 20000000 /dev/zero | tr '\0' x | cat | cat | wc -c; head -c 10000000 /dev/zero | gzip -1 | gunzip | md5sum
seq 300000 | sort -rn | md5sum; seq 100000 | awk '{ s += $1 } END { print s }'
yes | head -1; echo "pipe status: ${PIPESTATUS[*]}"
coproc C { while read -r l; do echo "got $l"; done; }
exec 8<&"${C[0]}" 9>&"${C[1]}"; echo hi >&9; read -r l <&8; echo "coproc: $l"
mkfifo fifo.$$; (seq 3 > fifo.$$ &); cat fifo.$$; rm fifo.$$
read -r -t 0.1 l < <(sleep 1); echo "read -t: $(($? > 128))"
nohup echo nohup; setsid echo setsid; echo "nice: $(($(nice -n 3 nice) - $(nice)))"; stdbuf -oL echo stdbuf; echo t | tee t.$$ | cat; cat t.$$; rm t.$$
flock l.$$ sh -c 'flock -n l.$1 true; echo "flock: $?"' sh $$; rm l.$$
sleep 9 & kill -STOP $!; sleep 0.1; ps -o state= -p $!; kill -CONT $!; kill $!; wait $! 2> /dev/null; echo "killed: $?"
