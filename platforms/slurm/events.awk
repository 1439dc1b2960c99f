# watch: what its records ask for, in short lines that arrive whole in a pipe
# which others write to as well.
#
#	trial NAME JOB		JOB is - if it has none, ? if it is none of ours
#	cancel NAME WORD	WORD is that of its intent
#	end			no more comes
#
# Further parameters are written by itself.

!parse($0) || (a = attempt_of()) == "" { next }

{
	type = word("type")
	if (type == "trial") {
		id = word("job")
		if (id !~ /^[0-9]+(_[0-9]+)?$/)
			id = f["job"] == "" || f["job"] == "null" ? "-" : "?"
		print "trial", a, id
	} else if (type == "cancel") {
		print "cancel", a, f["early"] == "true" ? "early" : \
		    f["system"] == "true" ? "system" : "user"
	} else if (type == "update" && f["parameter_index"] ~ /^[1-9][0-9]*$/ &&
	    f["parameters"] != "") {
		path = a "/parameter_" f["parameter_index"] ".cfg"
		# What the trial may have read stays.
		if (first_line(path) == "") {
			printf "%s", parameters(f["parameter_index"]) >(path ".new")
			if (close(path ".new") == 0)
				system("mv -f " path ".new " path)
		}
	}
	fflush()
}

END { print "end" }
