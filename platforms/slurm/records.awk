# Records, lines of JSON, for submit.awk and watch.awk.

# Puts the members of the object in `line` into f: the text of each value as it
# is, so that 2.50 stays 2.50.  Whether there was an object with a type.
function parse(line,	n, part, i, j, s, c, len, depth, name, value, in_value)
{
	split("", f)
	n = split(line, part, "\"")
	depth = in_value = 0
	name = value = ""
	for (i = 1; i <= n; i++) {
		# Outside of strings.
		len = length(part[i])
		for (j = 1; j <= len; j++) {
			c = substr(part[i], j, 1)
			if (c == "}" || c == "]")
				depth--
			if (in_value && (depth == 0 || (depth == 1 && c == ","))) {
				gsub(/^[ \t]+|[ \t]+$/, "", value)
				f[name] = value
				in_value = 0
			} else if (in_value) {
				value = value c
			} else if (depth == 1 && c == ":") {
				in_value = 1
				value = ""
			}
			if (c == "{" || c == "[")
				depth++
		}
		if (++i > n)
			break
		# A string; one that a backslash ends goes on.
		s = part[i]
		while (i < n && match(s, /\\+$/) && RLENGTH % 2)
			s = s "\"" part[++i]
		if (in_value)
			value = value "\"" s "\""
		else if (depth == 1)
			name = s
	}
	return depth == 0 && ("type" in f)
}

# The string in f[key] if nothing in it is escaped, else "".
function word(key)
{
	return f[key] ~ /^"[^"\\]*"$/ ? substr(f[key], 2, length(f[key]) - 2) : ""
}

# The name of the directory of the attempt in f, which is how attempts are
# called here; "" if the record is of none.
function attempt_of()
{
	if (word("trial") !~ /^[a-z][a-z0-9][a-z0-9][a-z0-9][a-z0-9]$/ ||
	    f["attempt"] !~ /^[1-9][0-9]*$/ || length(f["attempt"]) > 9)
		return ""
	return word("trial") (f["attempt"] == 1 ? "" : "-" f["attempt"])
}

# What a trial finds in parameter.cfg.
function parameters(number,	source)
{
	source = word("parameter_source")
	return "{\"parameter_id\": " (f["parameter_id"] != "" ? f["parameter_id"] : "null") \
	    ", \"parameter_source\": \"" (source != "" ? source : "algorithm") \
	    "\", \"parameters\": " (f["parameters"] != "" ? f["parameters"] : "{}") \
	    ", \"parameter_index\": " number "}"
}

function quote(text)
{
	gsub(/[\001-\037\177]/, " ", text)
	gsub(/["\\]/, "\\\\&", text)
	return "\"" text "\""
}

# The first line of a file; "" if there is none.
function first_line(path,	line)
{
	line = ""
	if ((getline line <path) <= 0)
		line = ""
	close(path)
	return line
}

# The beginning of a status record, up to its reason or what is behind it.
function status_of(attempt, name)
{
	return "{\"type\":\"status\",\"trial\":\"" substr(attempt, 1, 5) \
	    "\",\"attempt\":" (length(attempt) > 5 ? substr(attempt, 7) : 1) \
	    ",\"status\":\"" name "\""
}

# What the file of our submits says:
#	BATCH NUMBER ATTEMPT	one of those that sbatch was about to get
#	BATCH = JOB .		it took them
#	BATCH lost .		it did not
# job[attempt] is its job; one line of several batches counts with the last.
# in_batch[attempt] is its batch while that is on its way.
function read_jobs(path,	line, w, n, batch, i, count, name)
{
	split("", job); split("", in_batch); split("", count); split("", name)
	while ((getline line <path) > 0) {
		n = split(line, w, " ")
		if (n == 3 && w[2] ~ /^[0-9]+$/) {
			count[w[1]] = w[2]
			name[w[1], w[2]] = w[3]
			in_batch[w[3]] = w[1]
		} else if (w[n] == ".") {
			for (i = 1; i <= count[w[1]]; i++) {
				if (in_batch[name[w[1], i]] == w[1])
					delete in_batch[name[w[1], i]]
				if (w[2] == "=")
					job[name[w[1], i]] = w[3] (count[w[1]] > 1 ? "_" i : "")
			}
		}
	}
	close(path)
}
