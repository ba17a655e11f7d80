# The events themselves.
set pagination off
set debug-file-directory /none
set confirm off
set print address off
catch fork
catch vfork
catch exec
run
info program
continue
set follow-fork-mode child
continue
backtrace 1
info inferiors
continue
