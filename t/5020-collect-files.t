#!/bin/sh
# nni-collect: files of trials, brought from their platform, copied, kept in step.
. "$(dirname "$0")/lib.sh"
. "$TOP/t/data/fake.sh"

# elsewhere ID [ATTEMPT]: the attempt's files, as its place has them
elsewhere() {
	far=$E/fake/files/$1-${2:-1}
	mkdir -p "$far/tensorboard" "$far/model"
	echo "out of $1" >"$far/stdout"
	echo "err of $1" >"$far/stderr"
	echo weights >"$far/model/w"
	echo events >"$far/tensorboard/events"
}
asked() { sort "$E/fake/fetches" 2>/dev/null | oneline; }

# a failed trial: what it printed is here before its end is passed on
experiment abc
elsewhere aaaaa
elsewhere bbbbb
{ trial aaaaa; trial bbbbb; status aaaaa FAILED; status bbbbb SUCCEEDED; } | FAKE_FETCH=1 nni-collect >out 2>err
is "$? $(asked)" '1 aaaaa-1 logs' 'of a trial that failed the logs are fetched'
is "$(cat "$E/trials/aaaaa/stderr") $(ls "$E/trials")" 'err of aaaaa aaaaa' 'into its directory'
like "$(cat err)" "nni-collect: trial aaaaa failed; what it said is in $E/trials/aaaaa/stderr" 'as is said'
is "$(brief out | grep aaaaa | tail -1) $(grep -c files_incomplete out)" 'status:aaaaa-1:FAILED 0' 'then comes its end'
experiment none
elsewhere aaaaa
{ trial aaaaa; status aaaaa FAILED; } | nni-collect >out 2>err
is "$? $(brief out | tail -1)$(asked)" '1 status:aaaaa-1:FAILED' 'a platform without the verb is not asked'

# not all of it
experiment partly
elsewhere aaaaa
{ trial aaaaa; status aaaaa FAILED; } | FAKE_FETCH=1 FAKE_FETCH_ERROR='no room in \"/x\"' nni-collect >out 2>err
is "$? $(jq -r 'select(.status).files_incomplete' out)" '1 no room in "/x"' 'files that did not come are no reason to hold an end back'
is "$(jq -r 'select(.type=="error") | .trial + " " + .message' out)" 'aaaaa no room in "/x"' 'but are told'
like "$(cat err)" '*trial aaaaa: not all of its files are here: no room in "/x"*' 'to people too'
for mood in MUTE=fetch DIE=fetch:1; do
	experiment mute
	elsewhere aaaaa
	{ trial aaaaa; status aaaaa FAILED; } | env FAKE_FETCH=1 "FAKE_$mood" NNI_BACKEND_TIMEOUT=1s nni-collect >out 2>err
	like "$? $(jq -r 'select(.status) | .status + ": " + .files_incomplete' out)" \
		'1 FAILED: ?*' "nor is one that does not answer ($mood)"
done
experiment dies
elsewhere aaaaa
elsewhere bbbbb
{ for t in aaaaa bbbbb; do trial $t; status $t FAILED; done; } | FAKE_FETCH=1 FAKE_DIE_ONCE=fetch:2 nni-collect >out 2>err
is "$? $(grep -c files_incomplete out) $(cat "$E"/trials/*/stdout | oneline)" '1 0 out of aaaaa out of bbbbb' 'one that dies is asked again'

# all of it
experiment all
elsewhere aaaaa
elsewhere bbbbb 2
{ trial aaaaa; trial bbbbb 2; status aaaaa SUCCEEDED; status bbbbb EARLY_STOPPED 2; } | FAKE_FETCH=1 nni-collect -o copies >out
is "$? $(asked)" '0 aaaaa-1 all bbbbb-2 all' '--output: everything of every trial'
is "$(cat copies/aaaaa/model/w copies/bbbbb-2/stdout | oneline)" 'weights out of bbbbb' 'copied'
{ trial aaaaa; status aaaaa SUCCEEDED; } | FAKE_FETCH=1 nni-collect -o boards --folder tensorboard >out
is "$(grep -c board "$E/fake/fetches") $(find boards -type f)" '1 boards/aaaaa/events' '--folder: only that'
{ trial aaaaa; status aaaaa SUCCEEDED; } | FAKE_FETCH=1 nni-collect -l >out
is "$(jq -r 'select(.type == "log").text' out | oneline)" 'out of aaaaa  err of aaaaa ' '--logs: what they printed'

# copies: what is there already is not written again, what grew gets its end
experiment steps
d=$E/trials/aaaaa
mkdir -p "$d/x"
collect() { { trial aaaaa; status aaaaa SUCCEEDED; } | nni-collect -o copies2 >out; }
c=copies2/aaaaa
echo one >"$d/log"
echo same >"$d/x/same"
perl -e 'open my $f, ">", $ARGV[0] or die; truncate $f, 8 << 20' "$d/sparse"
collect
is "$(cat "$c/log" "$c/x/same" | oneline) $(wc -c <"$c/sparse")" "one same 8388608" 'a first time'
inode() { ls -i "$1" | awk '{print $1}'; }
log=$(inode "$c/log") same=$(inode "$c/x/same")
chmod a-w "$c/x/same" # one that is not looked into is not written to
echo two >>"$d/log"
exec 4<"$c/log"
collect
is "$? $(cat <&4 | oneline) $(inode "$c/log") $(inode "$c/x/same")" "0 one two $log $same" 'what has grown gets its new end, in place'
exec 4<"$c/log"
printf 'new\n' >"$d/log"
collect
is "$(cat <&4 | oneline) / $(cat "$c/log")" 'one two / new' 'what is another file now takes the place of the old one'
rm "$d/x/same"; rmdir "$d/x"; ln -s "$trash" "$d/x"
collect
is "$(readlink "$c/x" || ls "$c/x")" same 'a directory that became a link is not taken away'
mkdir other; rm "$d/x"; mkdir "$d/x"; echo evil >"$d/x/evil"
rm -r "$c/x"; ln -s "$PWD/other" "$c/x"
collect
is "$(ls other) $(cat "$c/x/evil")" ' evil' 'no copy goes through a link'
is "$(find copies2 -name '.nni*')" '' 'nothing else is left'
if [ -e "$failio" ]; then
	rm -rf copies2
	{ trial aaaaa; status aaaaa SUCCEEDED; } |
		env LD_PRELOAD="$failio" ASAN_OPTIONS="verify_asan_link_order=0:${ASAN_OPTIONS-}" FAILIO_N=1 FAILIO_MATCH=copies2/aaaaa/ \
			nni-collect -o copies2 >out 2>err
	like "$? $(jq -r 'select(.type=="error").message' out)" '0 cannot *copies2/aaaaa/*No space left*' 'a full disk is told'
	is "$(brief out | tail -1) $(find copies2 -type f)" 'status:aaaaa-1:SUCCEEDED ' 'holds no end up, and leaves no half a file'
else
	skip 'no failio' 'a full disk is told'
	skip 'no failio' 'holds no end up, and leaves no half a file'
fi

# --follow
experiment follow
elsewhere aaaaa
mkfifo pipe
FAKE_FETCH=1 nni-collect -f -o live --folder tensorboard <pipe >out &
exec 3>pipe
trial aaaaa >&3
status aaaaa RUNNING >&3
wait_for grep -q events live/aaaaa/events
ok $? '--follow: files of a trial that runs'
echo more >>"$E/fake/files/aaaaa-1/tensorboard/events"
wait_for grep -q more live/aaaaa/events
ok $? 'as they grow'
status aaaaa SUCCEEDED >&3
exec 3>&-
wait $!
is "$? $(brief out | tail -1)" '0 status:aaaaa-1:SUCCEEDED' 'until its end'

# of an experiment that is not a pipe
experiment read
elsewhere aaaaa
mkdir -p "$E/trials/bbbbb"
echo here >"$E/trials/bbbbb/stdout"
mkdir "$E/trials/bbbbb/tensorboard"
echo more >"$E/trials/bbbbb/tensorboard/events"
{
	echo '{"type":"experiment","schema":"nni.journal/1","id":"read","time":1.000}'
	for t in aaaaa bbbbb; do spec $t; trial $t; status $t RUNNING; done
	status bbbbb SUCCEEDED
} >"$E/events.jsonl"
FAKE_FETCH=1 nni-collect -o whole --format jsonl read >out
is "$? $(cat whole/*/stdout | oneline)" '0 out of aaaaa here' 'of an experiment: files of what has ended, and of what runs'
is "$(brief out | grep -c status)" 3 'beside its records'


# what users of NNI type
export FAKE_FETCH=1
is "$(nnictl tensorboard read 2>err)" "tensorboard --logdir=$E/tensorboard" 'nnictl tensorboard: what to type'
is "$(cat "$E"/tensorboard/*/events | oneline) $(cat err)" 'events more ' 'and the folders'
is "$(nnictl tensorboard -T b,aa read)" "tensorboard --logdir_spec=bbbbb:$E/tensorboard/bbbbb,aaaaa:$E/tensorboard/aaaaa" 'of some trials'
exits 4 'of a trial that is not there' nnictl tensorboard -T zzzzz read
echo later >>"$E/fake/files/aaaaa-1/stdout"
like "$(nnictl log trial -T aaaaa read 2>err)" "==> $E/trials/aaaaa/stdout <==
out of aaaaa
later
*err of aaaaa" 'nnictl log trial: what it has printed by now'
like "$(FAKE_FETCH_ERROR='it is off' nnictl log trial -T aaaaa read 2>&1)" \
	'nnictl: warning: trial aaaaa: this may not be all it has printed: it is off*later*' 'as far as it can be had'
unset FAKE_FETCH

exits 2 '--follow alone' nni-collect -f
exits 2 'a folder elsewhere' nni-collect -o x --folder a/../.. read
exits 2 '--folder alone' nni-collect --folder tensorboard read
done_testing
