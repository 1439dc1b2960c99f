#!/bin/sh
# What a person sees: drawn on a terminal, plain elsewhere.
. "$(dirname "$0")/lib.sh"
. "$TOP/t/fake/lib.sh"
script -qc true /dev/null >/dev/null 2>&1 </dev/null || skip_all 'no script(1) to make a terminal with'
unset CI NO_COLOR
TERM=xterm
export TERM

# on_terminal COLUMNS COMMAND...   what the terminal got is in ./seen
on_terminal() {
	columns=$1
	shift
	script -qfc "stty cols $columns; $*" seen >/dev/null 2>&1 </dev/null
}
now() { perl -MTime::HiRes=time -e 'print int(time * 10)'; }
config max=3 conc=1
on_terminal 80 nni-run --id a c.json
like "$(cat seen)" '*3/3 trials*3 succeeded*best *2.0*{"x":2.0}*experiment a is done*' 'the last picture stays, then the summary'
is "$(grep -c '"type"' seen)" 0 'no records on a terminal'
like "$(cat seen)" "*$(printf '\033')\[1m*" 'in colour'
on_terminal 80 "sh -mc 'nni-run --id back c.json & wait'"
is "$(grep -c '/3 trials' seen) $(grep -c 'experiment back is done' seen)" '0 1' \
	'in the background no picture is drawn'
NO_COLOR=1 on_terminal 80 nni-run --id b c.json
is "$(grep -c "$(printf '\033\\[[0-9;]*m')" seen)" 0 'NO_COLOR: without'
on_terminal 30 nni-run --id narrow c.json
is "$(tr -d '\r' <seen | sed "s/$(printf '\033')\[[0-9;]*[A-Za-z]//g" | grep -v '^nni-run: \|^Script' | awk 'length > 30' | head -1)" '' 'no row is wider than the terminal'
TERM=dumb on_terminal 80 nni-run --id dumb c.json
is "$(grep -c "$(printf '\033')" seen)" 0 'TERM=dumb: plain lines'
CI=true on_terminal 80 nni-run --id ci c.json
is "$(grep -c "$(printf '\033')" seen)" 0 'CI: plain lines'
on_terminal 80 nni-run -q --id quiet c.json
is "$(grep -v '^Script' seen | tr -d '\r\n')" '' '-q: nothing'
nni-run --id pipe c.json 2>err >out
is "$(grep -c "$(printf '\033')" err)" 0 'in a pipe: plain lines'

# it never waits without a reason
config max=2 conc=2 then=wait
nni-run --id w c.json 2>err >out &
run=$!
(
	wait_for grep -q '2 trials wait: gpu 0 busy: pid 812 Xorg' seen
	touch "$(dir x)/let-go"
) &
began=$(now)
on_terminal 80 nni-run --id x c.json
took=$(($(now) - began))
like "$(cat seen)" '*2 trials wait: gpu 0 busy: pid 812 Xorg*2/2 trials*experiment x is done*' 'on a terminal a row says why nothing starts'
is "$(sed '1,/2\/2 trials/d' seen | grep -c 'trials wait')" 0 'and goes when they do'
shown=$(sed -n 's/.*x.\[0m  0:0*\([0-9]*\)  2\/2 trials.*/\1/p' seen | tail -n 1)
[ "$((${shown:-999} * 10))" -le "$took" ]
ok $? "its time is counted once ($shown s, took $took/10 s)"
wait_for grep -q '^nni-run: 2 trials wait: gpu 0 busy: pid 812 Xorg$' err
ok $? 'in a pipe a line does'
touch "$(dir w)/other"
wait_for grep -q '^nni-run: 2 trials wait: gpu 0 busy: pid 813 firefox$' err
ok $? 'and another one when the reason changes'
touch "$(dir w)/let-go"
wait $run
is "$(grep -c 'wait:' err)" 2 'each once'
exits 0 'a tick in which nothing can start' nni-run --tick --id y c.json
is "$(cat err)" '' 'says nothing'
is "$(count y '"status":"WAITING"')" 2 'but journals why'

config max=3000 conc=1
began=$(now)
on_terminal 80 nni-run --id c c.json
tenths=$(($(now) - began))
drawn=$(grep -c 'c.*/3000 trials' seen)
[ "$drawn" -le $((tenths + 2)) ]
ok $? "at most ten pictures a second ($drawn in 0.1 * $tenths s)"
done_testing
