# awk -f compare.awk DIFFERENCES LINUX OTHER: what two runs of tests/account say differently, one line each:
#   STEP WHO PLACE FIELD LINUX OTHER
# and "unused: ..." for lines of DIFFERENCES that nothing needed. A run prints only what changed: a value holds until it changes.
# A line of DIFFERENCES: STEP WHO PLACE FIELD RULE reason; * stands for anything, WHO may be several letters, and
# FIELD several names with commas between them. RULE:
#   any    says something else altogether       more, less    not below, not above Linux's      N    at most N away from it
function pattern(text) {
	gsub(/[][().+^$|?\\]/, "\\\\&", text)
	gsub(/\*/, "[^ ]*", text)
	return text
}
# Several fields, with commas between them.
function fields(text,   n, i, part, out) {
	n = split(text, part, ",")
	for (i = 1; i <= n; i++)
		out = out (i > 1 ? "|" : "") pattern(part[i])
	return out
}
function end_of_step(file,   i) {
	if (step == "")
		return
	order[file, ++count[file]] = step
	for (i in now)
		all[file, step, i] = now[i]
}
function distance(a, b) { return a > b ? a - b : b - a }
function is_listed(key, a, b,   i) {
	for (i = 1; i <= rules; i++) {
		if (key !~ match_of[i])
			continue
		if (rule[i] == "any" || (rule[i] == "more" && b + 0 >= a + 0) || (rule[i] == "less" && b + 0 <= a + 0) ||
		    (rule[i] ~ /^[0-9]+$/ && distance(a + 0, b + 0) <= rule[i] + 0)) {
			used[i] = 1
			return 1
		}
	}
	return 0
}
FNR == 1 {
	end_of_step(file)
	file++; step = ""
	delete now
}
file == 1 {
	if (/^#/ || NF < 6)
		next
	rules++
	match_of[rules] = "^" pattern($1) " " ($2 == "*" ? "." : "[" $2 "]") " " pattern($3) " (" fields($4) ")$"; rule[rules] = $5; text_of[rules] = $0
	next
}
NF < 3 { next }
{
	if ($1 != step) {
		end_of_step(file)
		step = $1
		for (i in now)	# of one step alone
			if (i ~ /^- /)
				delete now[i]
		steps[$1] = 1
	}
	if ($4 == "gone") {
		for (i in now)
			if (index(i, $2 " " $3 " ") == 1)
				delete now[i]
		next
	}
	for (i = 4; i <= NF; i++) {
		at = index($i, "=")
		now[$2 " " $3 " " substr($i, 1, at - 1)] = substr($i, at + 1)
	}
}
END {
	end_of_step(file)
	for (i = 1; i <= count[2]; i++)
		if (order[2, i] != order[3, i])
			print order[2, i], "- - step", order[2, i], order[3, i]
	for (key in all) {
		split(key, part, SUBSEP)
		rest = part[2] SUBSEP part[3]
		if ((rest in looked))
			continue
		looked[rest] = 1
		a = ((2, part[2], part[3]) in all) ? all[2, part[2], part[3]] : "none"
		b = ((3, part[2], part[3]) in all) ? all[3, part[2], part[3]] : "none"
		if (a != b && !is_listed(part[2] " " part[3], a, b))
			print part[2], part[3], a, b
	}
	for (i = 1; i <= rules; i++)
		if (!used[i])
			print "unused:", text_of[i]
}
