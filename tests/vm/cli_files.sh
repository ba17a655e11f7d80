#!/bin/sh
# What the program finds: its own arguments and environment, the working folder, what --with brings, libraries, scripts,
# interpreters with their libraries, /etc, terminfo and the locale, a root file system of one's own.
. "$(dirname "$0")/lib.sh"

tab=$(printf 'a\nb\tc')
same "files: arguments as they are" "$(printf '<%s>\n' "$tab" "d'e" '' 'é *')" "$(furca printf '<%s>\n' "$tab" "d'e" '' 'é *')"
same "files: the environment is small" "HOME LANG PATH TERM TZ" \
	"$(TERM=xterm LANG=C.UTF-8 TZ=UTC OTHER=1 furca env | sed 's/=.*//' | sort | tr '\n' ' ' | sed 's/ $//')"
same "files: -e sets and copies" "A=b c COPIED=d" "$(COPIED=d furca -e 'A=b c' -e COPIED -e NONE env | grep -E '^(A|COPIED|NONE)=' | tr '\n' ' ' | sed 's/ $//')"
same "files: the working folder" "$SCRATCH" "$(cd "$SCRATCH" && furca pwd)"
same "files: -w" /srv/x "$(furca -w /srv/x pwd)"
same "files: the date" "$(date -u +%Y-%m-%d)" "$(furca -e TZ=UTC date -u +%Y-%m-%d)"

cd "$SCRATCH" || exit 1
mkdir -p data/sub; echo one > data/one; echo two > data/sub/two; ln -s one data/alias; chmod 600 data/one
same "files: --with, relative" "one two one" "$(echo $(furca --with data --with /bin/cat sh -c 'cat data/one data/sub/two data/alias'))"
same "files: --with and -w" "two" "$(furca -w /srv --with data/sub/two cat data/sub/two)"
same "files: --with, absolute" "one" "$(furca --with "$SCRATCH/data/one" -w / cat "$SCRATCH/data/one")"
same "files: what is not named is not there" "no" "$(furca sh -c 'test -e data || echo no')"
same "files: a program brought along has its libraries" "Linux" "$(furca --with /bin/uname sh -c uname)"

printf '#!/bin/sh\necho "script $0 $1"\n' > script; chmod +x script
same "files: a script" "script ./script arg" "$(furca ./script arg)"
printf '#!/usr/bin/env -S sh -e\necho env\nfalse\necho not reached\n' > script; chmod +x script
same "files: env -S" "env" "$(furca ./script)"
printf 'echo "bare $1"\n' > script; chmod +x script
same "files: a script without #!" "bare arg" "$(furca ./script arg)"

cat > lib.c <<'X'
int answer(void) { return 42; }
X
cat > main.c <<'X'
#include <stdio.h>
int answer(void);
int main(void) { printf("%d\n", answer()); return 0; }
X
mkdir -p lib
gcc -shared -fPIC -o lib/libanswer.so lib.c
gcc -o main main.c -Llib -lanswer -Wl,-rpath,'$ORIGIN/lib'
same "files: a library beside the program" 42 "$(furca ./main)"
gcc -o bare main.c -Llib -lanswer
same "files: a library on LD_LIBRARY_PATH" 42 "$(furca -e LD_LIBRARY_PATH="$SCRATCH/lib" ./bare)"
furca ./bare 2>err; same "files: a missing library" 125 $?
holds "files: a missing library is named" "missing library: libanswer.so" "$(cat err)"
if command -v musl-gcc > /dev/null; then
	musl-gcc -o musl main.c lib.c
	same "files: a dynamic musl program" 42 "$(furca ./musl)"
fi

same "files: /etc/passwd" root "$(furca id -un)"
same "files: /etc" "ok" "$(furca sh -c 'test -s /etc/group && test -s /etc/hosts && test -s /etc/resolv.conf && echo ok')"
same "files: terminfo" ok "$(furca sh -c 'for d in /lib /usr/share /etc; do test -e $d/terminfo/x/xterm && echo ok && exit; done')"
same "files: C.UTF-8" UTF-8 "$(furca -e LC_ALL=C.UTF-8 locale charmap)"
if [ -x /usr/bin/python3 ]; then
	same "files: Python" '{"a": 1}' "$(furca -m 1G /usr/bin/python3 -c 'import json, socket, ssl; print(json.dumps({"a": 1}))')"
fi
same "files: Perl" "3 hi" "$(furca -m 1G perl -MList::Util=sum -MPOSIX=floor -e 'print floor(sum(1, 2.5)), " hi\n"')"

# A root of one's own.
mkdir -p root/bin root/etc; cp /bin/busybox root/bin/busybox; ln -s busybox root/bin/sh; ln root/bin/busybox root/bin/echo; echo mine > root/etc/mine
tar -C root -czf root.tar.gz .; (cd root && find . | cpio -o -H newc --quiet > ../root.cpio 2>/dev/null) || bsdtar -C root --format newc -cf root.cpio .
for root in root root.tar.gz root.cpio; do
	[ -s "$root" ] && same "files: --rootfs $root" "mine" "$(furca --rootfs $root sh -c 'read x < /etc/mine; echo $x')"
done
same "files: a hard link in a root" "hard" "$(furca --rootfs root.tar.gz /bin/echo hard)"
furca --rootfs root.tar.gz nothing 2>err; same "files: no such program in the root" 127 $?
# A library in a folder may need what its program loads first, from elsewhere: that is no reason to refuse the folder.
mkdir -p tree/far; echo 'int far(void) { return 1; }' > far.c; echo 'int far(void); int near(void) { return far(); }' > near.c
gcc -shared -fPIC -o tree/far/libfurcafar.so far.c && gcc -shared -fPIC -o tree/libfurcanear.so near.c -Ltree/far -lfurcafar
same "files: a folder with a library that lacks one" "here" "$(furca --with tree sh -c 'test -e tree/libfurcanear.so && echo here' 2>&1)"
finish
