# submit: trial records in, what is known of them out.
#
# In the folder of the attempts.  What is new is prepared here, its name and
# what its job has to know go to NEW, and its record to HELD, in the same order.
# A second record of one that is new goes to AGAIN: it is answered later.
#
# NEW, HELD and AGAIN are files in $nni_tmp; $nni_jobs is that of read_jobs().

function refuse(attempt, reason)
{
	print status_of(attempt, "FAILED") ",\"reason\":" quote(reason) "}"
}

function answer(line, attempt, is)
{
	if (first_line(attempt "/parameter.cfg") != parameters(0))
		refuse(attempt, "it is there, with other parameters")
	else
		print with_job(line, is)
}

function with_job(line, is)
{
	sub(/[ \t\r]*}[ \t\r]*$/, "", line)
	return line ",\"job\":\"" is "\"}"
}

BEGIN {
	read_jobs(ENVIRON["nni_jobs"])
	new = ENVIRON["nni_tmp"] "/new"
	held = ENVIRON["nni_tmp"] "/held"
	again = ENVIRON["nni_tmp"] "/again"
	printf "" >new; printf "" >held; printf "" >again
}

!parse($0) || word("type") != "trial" || (a = attempt_of()) == "" { next }

f["job"] != "" && f["job"] != "null" { print; next }
a in job { answer($0, a, job[a]); next }
a in is_new { print >again; next }

{
	# Somebody has it who is not in our file: a start of which we died, or
	# a cancel that came before the start.
	claimed = first_line(a "/.nni/claim/job")
	if (claimed == "cancelled") {
		print with_job($0, claimed)
		next
	}
	if (claimed != "") {
		answer($0, a, claimed)
		next
	}
	is_new[a] = ++count
	name[count] = a
	text[count] = parameters(0)
	code = word("code")
	gsub(/[^A-Za-z0-9]/, "", code)
	sequence = f["sequence"] ~ /^[0-9]+$/ ? f["sequence"] : 0
	print a, word("trial"), f["attempt"], sequence, code == "" ? "none" : code >new
	print >held
}

END {
	for (i = 1; i <= count; i++) {
		dirs = dirs " " name[i] "/.nni"
		if (i % 1000 == 0 || i == count) {
			if (system("umask 077; mkdir -p" dirs) != 0)
				exit 5
			dirs = ""
		}
	}
	for (i = 1; i <= count; i++) {
		path = name[i] "/parameter.cfg"
		# Its job may be about to read it.
		if (first_line(path) != text[i]) {
			printf "%s", text[i] >path
			if (close(path) != 0)
				exit 5
		}
		# They are there before somebody on another machine looks.
		path = name[i] "/.nni/metrics"; printf "" >>path; close(path)
		path = name[i] "/.nni/state"; printf "" >>path; close(path)
	}
}
