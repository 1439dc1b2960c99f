#!/bin/sh
# What is no configuration at all: one clear error, soon, and no crash.
. "$(dirname "$0")/lib.sh"

# bad NAME PATTERN FILE: exit 3, nothing printed, the error within a minute
bad() {
	timeout 300 nni-config "$3" >out 2>err </dev/null
	is "$?" 3 "$1: exit code"
	is "$(wc -c <out | tr -d ' ')" 0 "$1: nothing is printed"
	like "$(head -c 4000 err)" "$2" "$1: and what is wrong"
}

: >empty
bad 'an empty file' 'empty:1:1: the file is empty' empty
printf '\n\n# nothing\n' >comment
bad 'a comment' '*: the file is empty' comment
printf '\000\001\002\003garbage' >binary
bad 'binary garbage' 'binary:1:1: not a text: control characters are not allowed (byte 0x00)*' binary
cp "$NNI_BIN/nni-config" program
bad 'a program' 'program:1:1: not a text: *' program
printf 'a: \377\376\n' >latin1
bad 'a text in Latin-1' 'latin1:1:4: not a text: *' latin1
printf '\303\251: \033[2J\n' >escape
bad 'a control character' 'escape:1:4: not a text: *(byte 0x1b)*' escape

perl -e 'print "[" x 100000' >deep
bad 'deep brackets' 'deep:1:*nested too deeply*' deep
perl -e 'print "{\"a\":" x 100000' >deepjson
bad 'deep objects' 'deepjson:1:*nested too deeply*' deepjson
perl -e 'print " " x $_, "a:\n" for 0 .. 2000' >deepyaml
bad 'deep indentation' 'deepyaml:*: nested too deeply' deepyaml
perl -e 'print "a: &a [x,x,x,x,x,x,x,x,x]\n"; print "b$_: &b$_ [*", join(",*", ($_ > 1 ? "b" . ($_ - 1) : "a") x 9), "]\n" for 1 .. 30' >laughs
bad 'a billion laughs' 'laughs:*: too many values (aliases are counted as copies)' laughs
perl -e 'print "a: &a ", "x" x 100000, "\nb: [", "*a," x 2000, "]\n"' >long
bad 'a long text many times' 'long:*: too many values*' long

perl -e 'print "a$_: some text that is long enough\n" for 1 .. 300000' >large
ok $(($(wc -c <large) < 10000000)) 'a file of ten megabytes'
bad 'ten megabytes of keys' 'large:1:1: a1: unknown key*' large
like "$(tail -1 err)" 'and * more errors' 'ends with how many more there are'
perl -e 'print "a:\n"; print "- b\n" for 1 .. 2500000' >list
bad 'ten megabytes of list' 'list:*: too many values*' list
perl -e 'print "x: \"", "y" x 12000000, "\"\n"' >string
bad 'ten megabytes of text' 'string:1:1: x: unknown key*' string
perl -e 'print "k" x 2000000, ": 1\n"' >key
bad 'a key of two megabytes' 'key:1:*' key
ok $(($(wc -c <err) > 5000)) 'is not told in full'
perl -e 'print "#" x 70000000' >huge
bad 'seventy megabytes' "nni-config: error: cannot read 'huge': File too large" huge

# the same as a search space
for f in empty binary deep laughs large list; do
	timeout 300 nni-config --space $f >out 2>err </dev/null
	is "$?" 3 "$f as a search space"
done

head='trialCommand: ./t
trialConcurrency: 1
tuner: {name: Random}
trainingService: {platform: local}'
printf '%s\nsearchSpaceFile: binary\n' "$head" >c.yml
bad 'a search space of garbage' 'binary:1:1: not a text: *' c.yml
printf '%s\nsearchSpaceFile: empty\n' "$head" >c.yml
bad 'a search space in an empty file' 'empty:1:1: the file is empty' c.yml
printf '%s\nsearchSpaceFile: .\n' "$head" >c.yml
bad 'a search space that is a directory' '*c.yml:5:18: searchSpaceFile: * is a directory, not a file' c.yml
mkfifo fifo
printf '%s\nsearchSpaceFile: fifo\n' "$head" >c.yml
bad 'a search space that is a pipe' '*c.yml:5:18: searchSpaceFile: * is not a regular file' c.yml
if [ "$(id -u)" != 0 ]; then
	echo '{}' >hidden
	chmod 0 hidden
	printf '%s\nsearchSpaceFile: hidden\n' "$head" >c.yml
	bad 'a search space that may not be read' '*hidden: cannot be read: *' c.yml
fi
printf '%s\nsearchSpaceFile: "a\\0b"\n' "$head" >c.yml
bad 'a NUL in a path' '*: searchSpaceFile: must not hold the character *' c.yml

# a reader that has gone, a full disk
printf '%s\nsearchSpace: {a: {_type: choice, _value: [1]}}\n' "$head" >c.yml
if [ -c /dev/full ]; then
	nni-config c.yml >/dev/full 2>err
	is "$?" 5 'a full disk'
	like "$(cat err)" 'nni-config: error: cannot write*: No space left on device*' 'is told'
fi
done_testing
