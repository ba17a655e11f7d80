#!/bin/sh
# Runs Linux's own tests, built by build.sh, in the VM: run.sh linux|furca [VERSION/]FOLDER[/PROGRAM]...
# One VM a version and folder, so that what a test breaks is broken for its neighbours only. The output of each VM is kept in
# build/selftests/log/KERNEL/, and the counts of each program in build/selftests/counts.KERNEL: "NAME PASSED FAILED SKIPPED".
# A program that speaks TAP counts by its lines, and what its plan promises and never comes has failed; another counts once,
# by its exit status (4: skipped). Without names, all are run. KERNEL=FILE overrides the kernel, CPUS=N the number of CPUs (1),
# SLOWER=N multiplies the time that each may take (for a checking kernel); AS=NAME is what the logs and counts are called by.
set -u
cd "$(dirname "$0")/../.." || exit 1
which=$1; shift
case $which in
linux) kernel=${KERNEL:-$(ls -v /boot/vmlinuz-*-cloud-amd64 2>/dev/null | tail -n 1)} ;;
furca) kernel=${KERNEL:-build/furca-kernel} ;;
*) echo "run.sh: linux or furca, not '$which'" >&2; exit 2 ;;
esac
top=$PWD work=$PWD/build/selftests as=${AS:-$which}
log=$work/log/$as counts=$work/counts.$as guest=$work/guest.$as programs=$work/programs.$as
mkdir -p "$log"; touch "$counts"
kernel=$(realpath "$kernel")

wanted() { # NAME: whether one of the names given is it, or a part of it
	[ -n "$names" ] || return 0
	for n in $names; do
		case $1/ in $n/* | */"$n"/* | */"$n") return 0 ;; esac
	done
	return 1
}

# The programs of a folder that were built and are wanted, with their seconds.
programs() { # VERSION FOLDER
	awk -v f="$2" -v slower="${SLOWER:-1}" '$1 == f && $2 !~ /^\+/ { print $2, ($3 ? $3 : 60) * slower }' tests/selftests/list | while read -r program seconds; do
		[ -e "$work/$1/$2/$program" ] && wanted "$1/$2/$program" && echo "$program $seconds"
	done
}

boot() { # VERSION FOLDER
	rm -rf "$guest"; mkdir -p "$guest/$1/$(dirname "$2")"
	cp -a "$work/$1/$2" "$guest/$1/$2"
	cp tests/selftests/guest.sh "$guest"
	mv "$programs" "$guest/programs"
	cd "$guest" || exit 1
	limit=$(awk '{ n += $2 } END { print n + 60 }' programs)
	start="sh guest.sh" more=""
	if grep -q '[.]py ' programs; then
		# Python's library comes along when Python is what is run.
		echo "import os, sys; os.execvp('sh', ['sh', 'guest.sh'] + sys.argv[1:])" >start.py
		start="/usr/bin/python3 start.py" more="--with start.py"
	fi
	# shellcheck disable=SC2086
	timeout -k 10 "$limit" "$top/build/furca" run -m 1G --cpus "${CPUS:-1}" --kernel "$kernel" -w /selftests --with "$1" --with programs \
		--with guest.sh $more $with $start "$1" "$2" </dev/null 2>&1 | tr -d '\r\000'
	cd "$top" || exit 1
}

count() { # LOG: "NAME PASSED FAILED SKIPPED" for each program in it
	awk '
	function done() {
		if (name == "") return
		if (!pass && !fail && !skip && totals != "") {
			split(totals, t, /[^0-9]+/)
			pass = t[2] + t[4] + t[5]; fail = t[3] + t[7]; skip = t[6]
		}
		seen = pass + fail + skip
		if (empty_plan && !seen) skip = 1
		else if (!seen && plan == 0) { if (status == 0) pass = 1; else if (status == 4) skip = 1; else fail = 1 }
		else if (plan > seen) fail += plan - seen
		else if (fail == 0 && status != 0 && status != 4) fail = 1
		print name, pass, fail, skip
		name = ""
	}
	/^@@ begin / { done(); name = $3; pass = fail = skip = plan = empty_plan = 0; totals = ""; status = -1; next }
	/^@@ end / { status = $4; done(); next }
	/^1\.\.[0-9]/ { split($1, p, /\.\./); plan = p[2]; empty_plan = plan == 0 }
	/^# Totals:/ { totals = $0 }
	# a child that inherits unwritten output repeats lines: a number counts once
	/^(not )?ok / { number = $1 == "not" ? $3 : $2; if (number ~ /^[0-9]+$/ && (name, number) in told) next; told[name, number] = 1 }
	/^ok / { if (/# SKIP/) skip++; else pass++ }
	/^not ok / { fail++ }
	END { done() }' "$1"
}

names=$* with=""
for p in sh bash mount setsid timeout cat sleep true getconf perl; do
	with="$with --with $(PATH=/bin:/usr/bin:/sbin env which $p)"
done
for version in 6.1 6.12; do
	for folder in $(awk '!/^#/ && NF { print $1 }' tests/selftests/list | uniq); do
		programs "$version" "$folder" >"$programs"
		[ -s "$programs" ] || continue
		out=$log/$version-$(echo "$folder" | tr / -)
		boot "$version" "$folder" >"$out"
		# One that the machine did not come to has failed.
		{ count "$out"; awk -v p="$version/$folder/" '{ print p $1, 0, 1, 0 }' "$guest/programs"; } | awk '!seen[$1]++' >"$guest/new"
		cat "$guest/new"
		awk 'FNR == NR { new[$1] = 1; print; next } !($1 in new)' "$guest/new" "$counts" | sort -V >"$counts.new"
		mv "$counts.new" "$counts"
	done
done
