# Into the child: a breakpoint there, steps by instruction and by line, a finished function, a changed variable.
set pagination off
set debug-file-directory /none
set confirm off
set print address off
set follow-fork-mode child
break in_child
run
backtrace
info inferiors
print shared
stepi
stepi
x/i $pc
next
next
print sum
set var sum = 7
step
next
print code
print $_exitcode
info registers rip
continue
print $_exitcode
