#!/bin/sh
# Checks the protocol models here with spin: the model must hold, and each variant with one step left out must be caught.
# The last line is "N passed, N failed". Less than a minute.
set -u
cd "$(dirname "$0")" || exit 1
top=$(mktemp -d); trap 'rm -rf "$top"' EXIT INT TERM
passed=0 failed=0

# Prints the number of errors found.
errors() { # MODEL OPTIONS...
	model=$PWD/$1.pml; shift
	(cd "$top" && spin "$@" -a "$model" >spin.log && cc -w -O2 -DSAFETY -DCOLLAPSE -DVECTORSZ=4096 -o pan pan.c &&
		./pan -m200000 >pan.log && grep -q 'State-vector' pan.log && sed -n 's/.*errors: \([0-9]*\).*/\1/p' pan.log)
}

verdict() { # NAME GOOD
	if [ "$2" = 1 ]; then passed=$((passed + 1)); echo "ok $1"; else failed=$((failed + 1)); echo "not ok $1"; fi
}

holds() { # MODEL SIZE...
	model=$1; shift
	for size; do
		# shellcheck disable=SC2086
		found=$(errors "$model" $size)
		verdict "$model: the protocol holds ($size)" \
			"$([ "$found" = 0 ] && ! grep -q 'max search depth too small' "$top/pan.log" && echo 1)"
		[ "$found" = 0 ] || cat "$top"/*.log
	done
}

catches() { # MODEL SIZE BUG...
	model=$1 size=$2; shift 2
	for bug; do
		# shellcheck disable=SC2086
		found=$(errors "$model" $size "-D$bug")
		verdict "$model: $bug is caught" "$([ "${found:-0}" != 0 ] && echo 1)"
	done
}

holds tables "-DMMS=2 -DSTEPS=3" "-DMMS=3 -DSTEPS=1"
catches tables "-DMMS=2 -DSTEPS=3" BUG_CLAIM BUG_COUNT BUG_PUT BUG_FLUSH BUG_LEAF_FLUSH BUG_FORK_FLUSH BUG_REUSE
holds lend "-DMMS=2 -DSTEPS=4" "-DMMS=3 -DSTEPS=2"
catches lend "-DMMS=3 -DSTEPS=2" BUG_LOOK BUG_STAY BUG_OWN BUG_HOLD
holds flush "-DCPUS=2 -DROUNDS=3" "-DCPUS=3 -DROUNDS=1"
catches flush "-DCPUS=3 -DROUNDS=1" BUG_ANSWER BUG_SAY BUG_MASK
echo "$passed passed, $failed failed"
[ $failed = 0 ]
