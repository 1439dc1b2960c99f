#!/bin/sh
# Backends that hang or talk rubbish: it is said, with the program's name and the
# verb, nothing waits without a word, and without them all is brought to its end.
. "$(dirname "$0")/lib.sh"
. "$TOP/t/chain/lib.sh"

mkdir plat
cp "$TOP/t/fake/nni-platform-rude" plat/nni-platform-local
NNI_PLATFORM_PATH=$PWD/plat
# Also of the verbs that answer, where one of them hangs.
NNI_BACKEND_TIMEOUT=3
export NNI_PLATFORM_PATH NNI_BACKEND_TIMEOUT
config max=2 conc=2

# rude MOODS NAME COMMAND...: in the background; its streams and code in NAME.*
rude() {
	moods=$1 name=$2
	shift 2
	{
		RUDE=$moods timeout 120 "$@" >"$name.out" 2>"$name.err" </dev/null
		echo $? >"$name.code"
	} &
}
has_ended() { wait_for test -s "$1.code"; }
is_told() { wait_for grep -q "$2" "$1.err"; }

rude check=hang hang nni-run --check c.yml
rude check=stderr complain nni-run --check c.yml
rude check=binary binary nni-run --check c.yml
rude check=half half env NNI_BACKEND_TIMEOUT=120 nni-run --check c.yml
rude check=hang begun env NNI_BACKEND_TIMEOUT=3 nni-run --id begun c.yml
rude check=exit quiet env NNI_BACKEND_TIMEOUT=120 nni-run --check c.yml
for verb in submit watch collect; do
	nni-run --prepare --id $verb c.yml >/dev/null
	# what was said before must not fill the disk
	mkdir -p "$(dir $verb)/log"
	perl -e 'open my $f, "+>", $ARGV[0]; truncate $f, 65 << 20' "$(dir $verb)/log/local-$verb.log"
	RUDE=$verb=hang nni-run --resume $verb >$verb.out 2>$verb.err </dev/null &
	eval "run_$verb=$!"
done
echo '{"x":0.5}' >bare
rude capabilities=hang caps sh -c 'nni-submit -c c.yml <bare'
# All of them have begun.
NNI_BACKEND_TIMEOUT=60

# ---- a time that is none ----
for value in x 0 -3 5y 11d; do
	for program in 'nni-run --check c.yml' 'nni-submit -c c.yml' nni-watch nni-collect \
		'nni-cancel aaaaa'; do
		# shellcheck disable=SC2086
		NNI_BACKEND_TIMEOUT=$value $program </dev/null >>refused 2>&1
		echo "exit $?" >>refused
	done
done
is "$(sed "s/^nni-[a-z]*/P/; s/'.*'/V/" refused | sort | uniq -c | sed 's/^ *//; s/ which .*//')" \
	"25 P: error: NNI_BACKEND_TIMEOUT is V,
25 exit 2" 'a time that is no duration is refused by all, before anything else'
is "$(NNI_BACKEND_TIMEOUT='' nni-watch </dev/null 2>&1; echo $?)" 0 'an empty one is none'

# ---- check ----
has_ended hang
is "$(cat hang.code)" 5 'a check that hangs is given up'
like "$(cat hang.err)" '*nni-run: error: local: nni-platform-local check did not come to its end within 3 s' \
	'with its name and verb'
has_ended complain
is "$(cat complain.code)" 5 'one that complains for ever too'
has_ended binary
is "$(cat binary.code) $(cat binary.out)" '5 ' 'of what is no text nothing reaches the terminal'
has_ended half
is "$(cat half.code) $(cat half.out)" '5 ' 'half a line is no answer'
like "$(cat half.err)" '*nni-platform-local check ended with code 1*' 'that is said'
has_ended quiet
is "$(cat quiet.code)" 0 'nothing to say is no fault'

has_ended begun
is "$(cat begun.code) $(count begun '"status":"SUCCEEDED"')" '0 2' 'a check that hangs holds no experiment up'
like "$(cat begun.err)" '*warning: local: nni-platform-local check did not come to its end within 3 s*' 'but is told'

# ---- capabilities ----
has_ended caps
is "$(cat caps.code)" 5 'capabilities that hang are given up'
like "$(cat caps.err)" "*nni-submit: error: local: nni-platform-local capabilities gave no answer within 3 s*" \
	'with their name and verb'
d=$(sed -n 's/.*--resume \([^ ]*\) .*/\1/p' caps.err)
nni-submit -q --resume "$d" </dev/null | nni-watch | nni-collect >out
is "$(jq -r .status out | grep -c SUCCEEDED)" 1 'and nothing is lost'

# ---- the verbs that stream ----
for verb in submit watch collect; do
	is_told $verb "$verb of member local: nni-platform-local $verb has said nothing for 3 s; [12] trials* waits* for it (see log/local-$verb.log)"
	ok $? "$verb: its silence is told"
	[ "$(wc -c <"$(dir $verb)/log/local-$verb.log")" -lt 1000000 ]
	ok $? 'its log was cut'
	eval "kill \$run_$verb; wait \$run_$verb" 2>/dev/null
	resume $verb
	is "$? $(count $verb '"status":"SUCCEEDED"')" '0 2' 'without it all is brought to its end'
done

[ -n "${NNI_LONG-}" ] || { done_testing; exit; }
# Those that are started again and again before they are given up.
for verb in capabilities submit watch collect; do
	for mood in binary half long exit stderr closed babble; do
		rm -rf "$NNI_EXPERIMENTS/x"
		NNI_BACKEND_TIMEOUT=1 RUDE=$verb=$mood timeout 150 nni-run --id x c.yml >out 2>err </dev/null
		code=$?
		case $code in
		124) grep -q "nni-platform-local $verb has said nothing" err ;;
		5) grep -q "nni-platform-local $verb\|told no capabilities" err ;;
		*) false ;;
		esac
		ok $? "$verb: $mood is told ($code)"
		resume x
		is "$? $(count x '"status":"SUCCEEDED"')" '0 2' 'and forgotten'
	done
done
done_testing
