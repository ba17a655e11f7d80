# coreutils, grep, sed, awk and find on made-up data: the same output as on the host.
set -e
d=/tmp/furca-tools.$$; mkdir $d; cd $d
seq 1 2000 > n; printf 'pear 3\napple 1\nfig 2\n' > fruit
wc -l n | sed 's/^ *//'; head -3 n; tail -2 n; sort -k2 fruit; sort -n -r n | head -2
cut -d' ' -f1 fruit | paste -s -d, -
grep -c '7$' n; grep -v a fruit; grep -E '^(p|f)' fruit
sed -n '2p;s/apple/APPLE/p' fruit
tr a-z A-Z < fruit
uniq -c fruit | sed 's/^ *//'
sha256sum n fruit; md5sum n; cksum n
od -An -tx1 fruit | head -1
cp n m; cmp n m; echo "cmp $?"; mv m k; ls; ln k l; ln -s k s; readlink s; stat -c '%h %s %F' k s
mkdir -p a/b/c; touch a/b/c/f; find a | sort; rmdir a 2>/dev/null || echo "rmdir: not empty"; rm -r a
chmod 640 k; stat -c %a k; dd if=/dev/zero of=z bs=1000 count=3 2>/dev/null; stat -c %s z; truncate -s 10 z; stat -c %s z
date -u -d @0 +%Y-%m-%dT%H:%M:%S; basename /a/b.c .c; dirname /a/b.c; expr 3 + 4; seq -s, 5; printf '%05.1f|%x\n' 2.25 255
yes | head -100000 | wc -l; split -l 500 n part.; ls part.* | wc -l; cat part.* | cmp - n && echo same
tee t1 t2 < fruit | wc -c; comm -12 fruit fruit | wc -l; env -i X=1 env; nice true; timeout 5 true; echo $?
timeout 0.2 sleep 5 || echo "timeout $?"
tac fruit | head -1; nl fruit | tail -1; fold -w 3 fruit | head -2; join fruit fruit | head -1
head -c 100000 /dev/zero | gzip -c 2>/dev/null | gunzip -c | wc -c
awk '{ s += $2 } END { print s }' fruit
xargs -n 1 echo < fruit | head -2; find . -name 'part.*' -exec true {} \; -print | wc -l
cd /; rm -r $d
