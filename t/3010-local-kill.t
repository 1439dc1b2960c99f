#!/bin/sh
# Stop means stopped: whole trees, however they hide, and only then the end.
. "$(dirname "$0")/lib.sh"
. "$TOP/t/local.sh"
command -v setsid >/dev/null || skip_all 'needs setsid'
[ -r /proc/self/environ ] || skip_all 'looks for processes in /proc'

grace=',"killGrace":0.3'
e=$PWD/e
experiment "$e" 'sh ./tree.sh' '' "$grace"
# The parameters say which tree; each member sleeps for long.
cat >code/tree.sh <<'S'
hold='sleep 1000'
deaf='trap "" TERM; while :; do sleep 1000; done'
tree=$(nni-trial get tree)
case $tree in
plain) $hold ;;
children) $hold & $hold & sh -c "$hold & wait" & ;;
setsid) setsid sh -c "$hold" & ;;
orphan) setsid sh -c "setsid sh -c '$hold' &" ;;
nohup) nohup sh -c "$hold" >/dev/null 2>&1 & ;;
deaf) sh -c "$deaf" & trap '' TERM ;;
deaforphan) (setsid sh -c "$deaf" &) ;;
noenv) env -i PATH="$PATH" setsid sh -c "$hold" & ;;
stopped) kill -STOP $$ ;;
keeper)
	until grep -q '"state":"start"' "$NNI_SYS_DIR/.nni/state"; do sleep 0.02; done
	kill -STOP $PPID ;;
bomb) i=0; while [ $i -lt 100 ]; do (trap '' TERM; sleep 1000) & i=$((i + 1)); done ;;
hydra) sh -c 'trap "" TERM; n() { (setsid sh -c "trap \"\" TERM; sleep 1000" &); }; n; while :; do sleep 0.05; n; done' & ;;
catch) trap 'exit 7' TERM; sleep 1000 & ;;
catchwell) trap 'exit 0' TERM; sleep 1000 & ;;
esac
: >"$NNI_SYS_DIR/ready"
while :; do wait; $hold; done
S

start() { # ID TREE
	trial "$e" "$1" 1 "{\"tree\":\"$2\"}" | "$L" submit --dir e >/dev/null
	[ "$2" = plain ] || [ "$2" = stopped ] || wait_for test -e "$e/trials/$1/ready"
}
stop() { # ID MORE: its end
	{ jobs_of "$e" "$1"; cancel "$1" "${2-}"; } | watch e | grep -v RUNNING
}

n=0
for tree in plain children setsid orphan nohup deaf deaforphan noenv stopped keeper bomb hydra; do
	n=$((n + 1)) id=kil$(printf '%02d' $n)
	case $tree in orphan | deaforphan | hydra | noenv)
		if portable; then
			skip 'needs a subreaper' "a tree with $tree: gone"
			continue
		fi ;;
	esac
	start "$id" "$tree"
	is "$(stop "$id" | field status)" USER_CANCELED "a tree with $tree: cancelled"
	none_left "$e" "$id"
	ok $? "a tree with $tree: gone" || diag "$(ps -o pid,ppid,sid,stat,args -p "$(left_of "$e" "$id" | paste -sd,)")"
done

# ---- whose end it is ----
start early plain
is "$(stop early ',"early":true' | field status)" EARLY_STOPPED 'stopped early'
start syste plain
is "$(stop syste ',"system":true' | field status)" SYS_CANCELED 'stopped by the system'
start catch catch
stop catch >end
is "$(jq -c '[.status,.exit_code]' end)" '["USER_CANCELED",7]' \
	'a trial that exits 7 when it is told to end was cancelled (S2)'
start catc0 catchwell
is "$(stop catc0 | jq -c '[.status,.exit_code]')" '["USER_CANCELED",0]' \
	'one that exits 0 as well'
start first plain
echo early >e/trials/first/intent
is "$(stop first | field status)" EARLY_STOPPED 'the first intent counts'
is "$(cat e/trials/first/intent)" early 'and stays'
start twice plain
{ jobs_of "$e" twice; cancel twice; cancel twice; cancel twice ',"early":true'; } | watch e >end
is "$(field status <end | tr '\n' ' ')" 'RUNNING USER_CANCELED ' 'cancelled three times: one end'

# ---- an end of its own ----
experiment "$PWD/o" 'sh own.sh' '' "$grace"
cat >code/own.sh <<'S'
case $(nni-trial get how) in
leave) setsid sleep 1000 & (sleep 1000 &) ; exit 3 ;;
deaf) sh -c 'trap "" TERM; : >"$NNI_SYS_DIR/deaf"; while :; do sleep 1000; done' &
	until [ -e "$NNI_SYS_DIR/deaf" ]; do :; done; exit 0 ;;
esac
S
for how in leave deaf; do
	id=$(printf '%.5s' "${how}xx")
	trial "$PWD/o" "$id" 1 "{\"how\":\"$how\"}" | "$L" submit --dir o >/dev/null
	ends "$PWD/o" "$id" >"$how.end"
	if portable && [ $how = leave ]; then
		kill -9 $(left_of "$PWD/o" "$id")
		skip 'needs a subreaper' "$how: what the root leaves running is ended"
		continue
	fi
	none_left "$PWD/o" "$id"
	ok $? "$how: what the root leaves running is ended"
done
is "$(jq -c '[.status,.exit_code]' leave.end)" '["FAILED",3]' "the exit code is the root's"
is "$(field status <deaf.end)" SUCCEEDED 'also of one that succeeded'
{ jobs_of "$PWD/o" leave; cancel leave; } | watch o >end
is "$(field status <end)" FAILED 'cancelled after its end, it keeps its own'

# ---- cancelled before the start ----
mkdir -p e/trials/befor; echo user >e/trials/befor/intent
submit "$e" befor >/dev/null
is "$(ends "$e" befor | jq -c '[.status,.reason]')" \
	'["USER_CANCELED","cancelled before it was started"]' 'an intent before the start'
[ ! -e e/trials/befor/ready ] && ! started e befor
ok $? 'and it never starts'
{ jobs_of "$e" nevex; cancel nevex; } | watch e >end
is "$(tail -n 1 end | field status)" SYS_CANCELED 'what was never there is not cancelled'
cancel zzzzz | watch e >end
is "$(cat end)" '' 'nothing is said of a trial that was not given'
[ ! -e e/trials/zzzzz ]
ok $? 'and nothing made'

# ---- time ----
experiment "$PWD/t" 'sleep 1000' '' ',"maxTrialDuration":0.3'
submit "$PWD/t" aaaaa >/dev/null
is "$(ends "$PWD/t" aaaaa | jq -c '[.status,.reason]')" \
	'["EARLY_STOPPED","maxTrialDuration of 0.3 s reached"]' 'maxTrialDuration'
none_left "$PWD/t" aaaaa
ok $? 'its processes are gone'
experiment "$PWD/u" 'sleep 0.05' '' ',"maxTrialDuration":600'
submit "$PWD/u" aaaaa >/dev/null
is "$(ends "$PWD/u" aaaaa | field status)" SUCCEEDED 'a limit that is not reached'

# A keeper that is told to end by a signal takes its trial with it.
start signa children
kill -TERM "$(keeper e signa)"
is "$(ends "$e" signa | jq -c '[.status,.infra]')" '["SYS_CANCELED",true]' 'SIGTERM to the keeper'
none_left "$e" signa
ok $? 'ends the trial'

ps -eo args | grep "$PWD" | grep -v grep >left
is "$(cat left)" '' 'no process is left of all this'
done_testing
