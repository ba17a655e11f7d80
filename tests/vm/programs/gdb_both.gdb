# Both sides are held: the child waits until we go over to it.
set pagination off
set debug-file-directory /none
set confirm off
set print address off
set detach-on-fork off
set schedule-multiple off
break in_parent
break in_child
run
info inferiors
backtrace
inferior 2
backtrace 1
continue
backtrace
print shared
next
print shared
inferior 1
print shared
delete
inferior 2
continue
inferior 1
set detach-on-fork on
continue
