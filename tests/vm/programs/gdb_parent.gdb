# On in the parent; the child runs free, and a breakpoint that was set before the fork is not in its way.
set pagination off
set debug-file-directory /none
set confirm off
set print address off
set follow-fork-mode parent
break in_child
break in_parent
run
backtrace
finish
print shared
break in_thread
continue
backtrace
info threads
watch shared
continue
continue
