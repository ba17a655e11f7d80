#!/bin/sh
# Rules of the house that a compiler does not check. One "ok"/"not ok" line each; status 1 if one is broken.
cd "$(dirname "$0")/.." || exit 1
bad=0
rule() { # NAME OFFENDING-LINES
	if [ -z "$2" ]; then echo "ok $1"; else echo "not ok $1"; echo "$2" | sed 's/^/# /' | head -n 20; bad=1; fi
}
files() { git ls-files -- "$@" 2>/dev/null || find . -name "$1"; }
rule "no condition on the CPU outside arch/" "$(files '*.c' '*.h' '*.S' | grep -v -E '^(arch|tests|cli|bench|tools)/' |
	xargs grep -nE '^[[:space:]]*#[[:space:]]*(el)?if.*(__x86_64__|__arm__|__aarch64__|ARCH_)' /dev/null)"
rule "nothing left undone in the code" "$(files '*.c' '*.h' '*.S' '*.sh' Makefile | grep -v '^tools/check.sh$' |
	xargs grep -nE '\b(TODO|FIXME|XXX|HACK)\b' /dev/null)"
rule "lines within 132 columns" "$(for f in $(files '*.c' '*.h' | grep -v '^tests/'); do
	expand -t 8 "$f" | awk -v f="$f" 'length($0) > 132 { print f ":" NR }'
done)"
rule "docs/coverage.md is up to date" "$(sh tools/gen_coverage.sh | cmp - docs/coverage.md 2>&1)"
exit $bad
