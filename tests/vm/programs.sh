#!/bin/sh
# Whole programs: what they print in the VM is what they print on the host.
. "$(dirname "$0")/lib.sh"
here=$(cd "$(dirname "$0")" && pwd)

cp "$here"/programs/*.sh "$SCRATCH"; cd "$SCRATCH" || exit 1
TOOLS="/bin/sh /bin/echo /usr/bin/sort /usr/bin/tr /usr/bin/seq /bin/cat /usr/bin/tail /usr/bin/head /bin/sleep /usr/bin/yes /bin/sed /bin/rm /bin/mkdir /usr/bin/touch"
MORE="/usr/bin/wc /usr/bin/cut /usr/bin/paste /bin/grep /usr/bin/uniq /usr/bin/sha256sum /usr/bin/md5sum /usr/bin/cksum /usr/bin/od /bin/cp
 /usr/bin/cmp /bin/mv /bin/ls /bin/ln /bin/readlink /usr/bin/stat /usr/bin/find /bin/rmdir /bin/chmod /bin/dd /usr/bin/truncate
 /bin/date /usr/bin/basename /usr/bin/dirname /usr/bin/expr /usr/bin/printf /usr/bin/split /usr/bin/tee /usr/bin/comm /usr/bin/env
 /usr/bin/nice /usr/bin/timeout /usr/bin/tac /usr/bin/nl /usr/bin/fold /usr/bin/join /bin/gzip /bin/gunzip /usr/bin/gawk /usr/bin/awk /usr/bin/xargs /bin/true"
WITH=""; for t in $TOOLS $MORE; do [ -e "$t" ] && WITH="$WITH --with $t"; done
WITH="$WITH --with shell.sh --with tools.sh"

same_as_host "dash" /bin/dash shell.sh
same_as_host "coreutils, grep, sed, awk under dash" /bin/dash tools.sh
WITH="--with shell.sh"
same_as_host "busybox" /bin/busybox sh shell.sh
WITH="--with /bin/sed"
same_as_host "bash" /bin/bash -c 'a=(1 2 3); echo "${a[@]}"; echo <(true) | sed "s/[0-9]*$//"; for ((i=0;i<3;i++)); do echo $i; done; echo ${RANDOM:+random}; [[ abc =~ b ]] && echo match'

head -c 20000000 /dev/urandom > data
same "programs: sha256sum of 20 MB" "$(sha256sum < data)" "$(furca sha256sum < data)"

printf '#include <stdio.h>\n#include <stdlib.h>\n#include <unistd.h>\n#include <sys/wait.h>\nint main(void){int s;pid_t p=fork();if(!p){printf("child\\n");exit(3);}waitpid(p,&s,0);printf("status %%d\\n",WEXITSTATUS(s));return 0;}' > m.c
musl-gcc -static -o musl-static m.c && same_as_host "musl, static" ./musl-static
musl-gcc -o musl-dynamic m.c && same_as_host "musl, dynamic" ./musl-dynamic
gcc -static-pie -o static-pie m.c && same_as_host "glibc, static-PIE" ./static-pie
finish
