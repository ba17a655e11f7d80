# What `make run` plays where there is no terminal: run by busybox in the VM, in the folder of the samples.
show() {
	echo "\$ $*"
	"$@"
}
show uname -srm
show ./fork_exec_helloworld
echo '# through a pipe, the children of the next one lose what stdio holds for them, as on Linux'
show ./copy_on_write
show ./dynamic/helloworld
echo '$ for i in 1 2 3; do (echo "child $i"; exit $i) & done; wait'
for i in 1 2 3; do (echo "child $i"; exit "$i") & done; wait
echo '# on a terminal, make run gives a shell here'
