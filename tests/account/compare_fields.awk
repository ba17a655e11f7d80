# awk -f compare_fields.awk LISTED LINUX OTHER: names in the files of /proc ("account fields") that one kernel has and the other
# has not, and those in another order. A line of LISTED: missing|more FILE NAME reason; * stands for anything in FILE and NAME.
function pattern(text) {
	gsub(/[][().+^$|?\\]/, "\\\\&", text)
	gsub(/\*/, "[^ ]*", text)
	return text
}
function is_listed(kind, key,   i) {
	for (i = 1; i <= rules; i++)
		if (key_of[i] == kind && key ~ match_of[i]) {
			used[i] = 1
			return 1
		}
	return 0
}
FNR == 1 { file++ }
file == 1 && !/^#/ && NF >= 4 {
	key_of[++rules] = $1; match_of[rules] = "^" pattern($2) " " pattern($3) "$"; text_of[rules] = $0
}
file == 2 { linux[$0] = 1; if (!($1 in n)) files[++file_count] = $1; order[$1, ++n[$1]] = $2 }
file == 3 { other[$0] = 1; place[$0] = FNR; if (!linux[$0] && !is_listed("more", $0)) print "more:", $0 }
END {
	for (f = 1; f <= file_count; f++) {
		last = 0
		for (i = 1; i <= n[files[f]]; i++) {
			key = files[f] " " order[files[f], i]
			if (!(key in other)) {
				if (!is_listed("missing", key))
					print "missing:", key
				continue
			}
			if (place[key] < last)
				print "not in its place:", key
			last = place[key]
		}
	}
	for (i = 1; i <= rules; i++)
		if (!used[i])
			print "unused:", text_of[i]
}
