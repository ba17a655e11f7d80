# What the tests in tests/vm share. Each test is a shell script that prints "ok NAME" or "not ok NAME" for each thing that
# it looks at, and ends with `finish`. Environment:
#   FURCA_KERNEL   another kernel to boot (Debian's Linux: the oracle); empty: our own
#   FURCA          the tool (default build/furca)
#   FURCA_OPTIONS  more options for each run
cd "$(dirname "$0")/../.." || exit 1
TOP=$(pwd)
FURCA=${FURCA:-$TOP/build/furca}
PTY=$TOP/build/tests/pty_expect
FURCA_OPTIONS="${FURCA_OPTIONS:-} ${FURCA_KERNEL:+--kernel $FURCA_KERNEL}"
FURCA_SECONDS=${FURCA_SECONDS:-60}
SCRATCH=$(mktemp -d)
trap 'rm -rf "$SCRATCH"' EXIT
failures=0

# Runs the tool; a VM that hangs ends with 124.
furca() {
	# shellcheck disable=SC2086
	timeout "$FURCA_SECONDS" "$FURCA" run $FURCA_OPTIONS "$@"
}

ok() {
	echo "ok $1"
}

not_ok() {
	echo "not ok $1"
	failures=$((failures + 1))
}

# same NAME EXPECTED ACTUAL
same() {
	if [ "$2" = "$3" ]; then
		ok "$1"
	else
		not_ok "$1"
		printf '# expected: %s\n# actual:   %s\n' "$2" "$3" | head -c 2000
	fi
}

# holds NAME TEXT ACTUAL: the text is somewhere in it
holds() {
	case $3 in
	*"$2"*) ok "$1" ;;
	*)
		not_ok "$1"
		printf '# expected in it: %s\n# actual: %s\n' "$2" "$3" | head -c 2000
		;;
	esac
}

# typed NAME EXPECTED PTY-OPTIONS PROGRAM...: runs it on a terminal, by the script on standard input (pty_expect.c).
typed() {
	name=$1 expected=$2
	shift 2
	# shellcheck disable=SC2086
	actual=$("$PTY" -t 30 "$FURCA" run $FURCA_OPTIONS "$@" 2>"$SCRATCH/typed")
	[ -s "$SCRATCH/typed" ] && sed 's/^/# /' "$SCRATCH/typed"
	same "$name" "$expected" "$(echo $actual)"
}

# same_as_host NAME COMMAND...: the host's output and status, byte for byte. WITH: options for the tool
same_as_host() {
	name=$1; shift
	"$@" > "$SCRATCH/host" 2> /dev/null < /dev/null; host=$?
	furca $WITH "$@" > "$SCRATCH/vm" 2> "$SCRATCH/err" < /dev/null; vm=$?
	same "programs: $name: status" $host $vm
	cmp -s "$SCRATCH/host" "$SCRATCH/vm"; ok=$?
	same "programs: $name: output" 0 $ok
	[ $ok = 0 ] || diff "$SCRATCH/host" "$SCRATCH/vm" | sed -n 1,10p; sed -n 1,5p "$SCRATCH/err"
}

finish() {
	[ "$failures" = 0 ]
	exit
}
