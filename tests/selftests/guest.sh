# Runs Linux's own tests of one folder in the VM: guest.sh VERSION FOLDER, with "PROGRAM SECONDS" lines in the file "programs".
# Each program's output stands between a line "@@ begin NAME" and a line "@@ end NAME STATUS".
mount -t cgroup2 none /sys/fs/cgroup 2>/dev/null
folder=$PWD/$1/$2 programs=$PWD/programs
cd "$folder" || exit 1
while read -r program seconds; do
	name=$1/$2/$program
	echo "@@ begin $name"
	case $program in
	*.py) set -- "$1" "$2" /usr/bin/python3 "$program" ;;
	*) set -- "$1" "$2" "./$program" ;;
	esac
	version=$1 in=$2; shift 2
	setsid timeout -s KILL "$seconds" "$@" </dev/null 2>&1
	echo "@@ end $name $?"
	set -- "$version" "$in"
done <"$programs"
