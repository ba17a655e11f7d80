# Perl's forks, pipes and signals: the same lines on the host.
$| = 1;
my $p = fork; if (!$p) { exit 5 } waitpid $p, 0; print $? >> 8, "\n";
open(my $f, '-|', 'echo hi; echo there') or die; print while <$f>; close $f;
open($f, '|-', 'cat') or die; print $f "to cat\n"; close $f;
my $o = `sh -c 'echo out; exit 2'`; print $o, $? >> 8, "\n";
pipe(R, W); if (!fork) { close R; print W "piped\n"; exit } close W; print <R>; wait;
$SIG{ALRM} = sub { print "alarm\n" }; alarm 1; sleep 3;
$SIG{CHLD} = 'IGNORE'; if (!fork) { exit 1 } select undef, undef, undef, 0.1; print wait, "\n"; $SIG{CHLD} = 'DEFAULT';
print join(',', map { my $x = $_; my $q = fork; if (!$q) { exit $x } waitpid $q, 0; $? >> 8 } 1 .. 10), "\n";
system('exit 4'); print $? >> 8, "\n";
exec 'echo', 'exec';
