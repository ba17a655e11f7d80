#!/bin/sh
# Builds Linux's own tests (tools/testing/selftests) from Debian's source packages: build.sh [VERSION...]
# What tests/selftests/list names goes to build/selftests/VERSION/FOLDER/PROGRAM. Only the part of the source that the tests
# and the user-space headers need is unpacked. A version whose package is not installed is left out; one that is there is
# built once: remove build/selftests to start anew. A program that does not build is named and left out.
set -eu
cd "$(dirname "$0")/../.."
top=$PWD list=$PWD/tests/selftests/list
[ $# -gt 0 ] || set -- 6.1 6.12

unpack() { # VERSION SOURCE
	from=/usr/src/linux-source-$1.tar.xz root=linux-source-$1
	rm -rf "$2.new"; mkdir -p "$2.new"
	tar -C "$2.new" -xJf "$from" --strip-components=1 "$root/tools/testing/selftests" "$root/tools/include" "$root/tools/arch" \
		"$root/tools/scripts" "$root/include" "$root/arch/x86" "$root/scripts" "$root/Makefile" "$root/Kbuild" "$root/mm/gup_test.h"
	make -s -C "$2.new" headers ARCH=x86
	mv "$2.new" "$2"
}

# The tests' own makefiles know how each program is built; a relative path of the source's is kept by building beside it.
build() { # VERSION SOURCE FOLDER
	tests=$2/tools/testing/selftests in=$3
	[ "$in" != mm ] || [ -d "$tests/mm" ] || in=vm
	[ -d "$tests/$in" ] || return 0
	out=$top/build/selftests/$1/$3
	mkdir -p "$out"
	for program in $(awk -v f="$3" '$1 == f { sub(/^\+/, "", $2); print $2 }' "$list"); do
		[ -e "$out/$program" ] && continue
		if [ -f "$tests/$in/$program" ]; then
			cp "$tests/$in/$program" "$out/"
		elif known "$tests/$in" "$program" && ! make -s -C "$tests/$in" OUTPUT="$out" ARCH=x86_64 \
				KHDR_INCLUDES="-isystem $2/usr/include" "$out/$program" >"$out/log.$program" 2>&1; then
			echo "selftests: $1/$3/$program does not build: $(grep -m 1 -i error "$out/log.$program")"
		fi
		rm -f "$out/log.$program"
	done
}

# Whether this version has the program, by its source or by name in the makefile.
known() { # FOLDER PROGRAM
	[ -f "$1/$2.c" ] || grep -qw -- "${2%%.*}" "$1/Makefile"
}

for version; do
	[ -r "/usr/src/linux-source-$version.tar.xz" ] || { echo "selftests: no linux-source-$version here"; continue; }
	source=$top/build/selftests/source/$version
	[ -d "$source" ] || unpack "$version" "$source"
	for folder in $(awk '!/^#/ && NF { print $1 }' "$list" | uniq); do
		build "$version" "$source" "$folder"
	done
done
