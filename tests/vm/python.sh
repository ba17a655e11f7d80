#!/bin/sh
# CPython's own tests of processes, signals, threads and terminals in the VM: each passes as it does on Linux. Left out are those
# that want a network: TestSendfile (a loopback that is up), and on our kernel two of test_signal (AF_INET). With FULL=y all
# modules are run, one VM each; else the short ones. Without Debian's libpython3-testsuite nothing is.
. "$(dirname "$0")/lib.sh"
cd "$SCRATCH" || exit 1
PATH=/usr/sbin:/usr/bin:/sbin:/bin; export PATH
library=$(/usr/bin/python3 -c 'import sysconfig; print(sysconfig.get_path("stdlib"))' 2> /dev/null)
[ -e "$library/test/test_fork1.py" ] || { echo "ok python: its tests are not installed"; finish; }
WITH="--with $library/test"
for p in sh bash true false cat sleep ls env echo id kill ps stty getconf uname grep tty; do
	f=$(env which "$p" 2> /dev/null) && WITH="$WITH --with $f"
done
LEFT_OUT="-i TestSendfile"
[ -n "$FURCA_KERNEL" ] || LEFT_OUT="$LEFT_OUT -i test_invalid_socket -i test_set_wakeup_fd_socket_result"

# modules SECONDS NAME...
modules() {
	FURCA_SECONDS=$1; shift
	# shellcheck disable=SC2086
	furca -m 1500M -w /tmp $WITH /usr/bin/python3 -m test -v $LEFT_OUT "$@" > out 2>&1 < /dev/null
	status=$?
	same "python: $*" 0 $status
	[ $status = 0 ] || grep -E '^(ERROR|FAIL|[a-z0-9_]+ failed)' out | sed 's/^/# /'
}

modules 200 test_fork1 test_wait3 test_wait4 test_pty test_resource
if [ -n "${FULL:-}" ]; then
	for m in test_posix test_os test_signal test_subprocess test_threading test_selectors test_mmap test_fcntl; do
		modules 900 $m
	done
fi
finish
