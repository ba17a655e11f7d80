# first.awk: the first step at which two runs of one seed differ, with the lines before it that they share.
#   awk -v seed=N -f first.awk LINUX FURCA
FNR == 1 { file++; inside = 0; n = 0 }
$1 == "seed" { inside = $2 == seed; next }
inside { line[file, ++n] = $0; lines[file] = n }
END {
	for (at = 1; at <= lines[1] && at <= lines[2] && line[1, at] == line[2, at]; at++)
		if (line[1, at] !~ /^ /)
			step = at
	for (i = step; i < at; i++)
		print "  " line[1, i]
	for (i = at; i < at + 2; i++)
		if (i <= lines[1])
			print "< " line[1, i]
	for (i = at; i < at + 2; i++)
		if (i <= lines[2])
			print "> " line[2, i]
}
