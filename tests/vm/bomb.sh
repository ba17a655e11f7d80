#!/bin/sh
# Fork bombs on one and on four CPUs: one in a pid namespace, in a control group with pids.max; one of a user with a limit of
# processes (RLIMIT_NPROC). Who is outside goes on working, sees it held, and ends it: at a user's bomb, by one kill of them all.
. "$(dirname "$0")/lib.sh"
cd "$SCRATCH" || exit 1

cat > bomb.sh <<'X2'
outside() {	# the shell outside makes processes as before
	made=0
	for i in 1 2 3 4 5 6 7 8 9 10; do
		[ "$(sh -c 'echo done')" = done ] && made=$((made + 1))
	done
	echo "outside: $made of 10"
}

group=/sys/fs/cgroup/bomb
grep -q ' /sys/fs/cgroup ' /proc/mounts || mount -t cgroup2 none /sys/fs/cgroup
echo +pids > /sys/fs/cgroup/cgroup.subtree_control
mkdir $group
echo 60 > $group/pids.max
sh -c "echo 0 > $group/cgroup.procs; exec unshare --pid --fork sh -c 'b() { b | b & }; b; while :; do :; done'" 2> /dev/null &
tries=0
until grep -qv '^max 0$' $group/pids.events || [ $tries = 100 ]; do
	sleep 0.1
	tries=$((tries + 1))
done
echo "refused: $(grep -c '^max [1-9]' $group/pids.events)"
outside
echo "within the limit: $([ "$(cat $group/pids.current)" -le 60 ] && echo yes)"
echo 1 > $group/cgroup.kill
wait
tries=0
until rmdir $group 2> /dev/null || [ $tries = 100 ]; do
	sleep 0.1
	tries=$((tries + 1))
done
echo "gone: $([ -d $group ] || echo yes)"

as="setpriv --reuid 1000 --regid 1000 --clear-groups"
users() { cat /proc/[0-9]*/status 2> /dev/null | grep -c '^Uid:.1000'; }
$as prlimit --nproc=60 sh -c 'b() { b | b & }; b; while :; do :; done' 2> refused &
tries=0
until grep -qi fork refused || [ $tries = 100 ]; do
	sleep 0.1
	tries=$((tries + 1))
done
echo "refused: $(grep -qi fork refused && echo 1)"
outside
echo "within the limit: $([ "$(users)" -le 60 ] && echo yes)"
$as sh -c 'kill -KILL -1'
wait
sleep 0.5
echo "gone: $([ "$(users)" = 0 ] && echo yes)"
X2
set -- --with bomb.sh
for program in sh sleep cat grep mkdir rmdir mount unshare setpriv prlimit; do
	set -- "$@" --with "$(command -v $program)"
done
held="refused: 1
outside: 10 of 10
within the limit: yes
gone: yes"
for cpus in 1 4; do
	FURCA_SECONDS=150 furca --cpus $cpus -m 512M "$@" sh bomb.sh > out 2> err < /dev/null
	same "bomb: $cpus CPUs: status" 0 $?
	[ -s err ] && sed 's/^/# /' err
	same "bomb: $cpus CPUs: held, and ended from outside; a user's too" "$held
$held" "$(cat out)"
done
finish
