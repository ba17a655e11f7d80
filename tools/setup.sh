#!/bin/sh
# Installs what the build, the run and the tests need on Debian 12 or Ubuntu 24.04: the one list of packages.
# Does nothing, and needs no rights, when all of it is there. "setup.sh more" adds what only the full tests want: some 400 MB.
set -eu
PACKAGES="clang lld llvm make gawk linux-libc-dev libc6-dev gcc pkg-config libarchive-dev libcmocka-dev scdoc
  qemu-system-x86 busybox-static musl-tools dash strace gdb gnuplot-nox libclang-rt-14-dev spin"
# What the tests run in the VM.
PROGRAMS="bash git sqlite3 less vim-tiny perl python3 stress-ng"
# Linux's own tests, what they are built with, and CPython's; small inits and sandboxes; the servers of bench/programs.sh.
MORE="linux-source-6.1 linux-source-6.12 rsync xz-utils libcap-dev libpython3.11-testsuite tini dumb-init bubblewrap crun runc procps
  postgresql redis-server"
[ "${1:-}" = more ] || MORE=""
ORACLE="linux-image-cloud-amd64"
case "$(. /etc/os-release; echo "$ID")" in
ubuntu) ORACLE="linux-image-virtual"; MORE=$(echo "$MORE" | sed 's/linux-source[^ ]*//g; s/libpython3.11-/libpython3.12-/')
	PACKAGES=$(echo "$PACKAGES" | sed 's/libclang-rt-14-dev/libclang-rt-dev/') ;;
esac
missing=""
for p in $PACKAGES $PROGRAMS $MORE $ORACLE; do
	dpkg-query -W -f '${Status}' "$p" 2>/dev/null | grep -q 'ok installed' || missing="$missing $p"
done
[ -z "$missing" ] && exit 0
echo "setup: installing$missing"
if [ "$(id -u)" = 0 ]; then as_root=""; else as_root=sudo; fi
$as_root apt-get update -q
# shellcheck disable=SC2086
DEBIAN_FRONTEND=noninteractive $as_root apt-get install -q -y --no-install-recommends $missing
